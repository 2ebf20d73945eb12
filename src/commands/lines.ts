/** A text file, line by line, in constant memory: also where a line has no end. */

export interface Line {
  /** From 1. */
  readonly number: number;
  /** Without its end. Null: too long, or not UTF-8. */
  readonly text: string | null;
  /** How many bytes of the file lie before the next line. */
  readonly endsAt: number;
}

const LINE_FEED = 10;

type Decoder = InstanceType<typeof TextDecoder>;

/** Lines of at most `maxBytes`; a longer one is passed over without being kept. The last may lack its end. */
export async function* readLines(source: AsyncIterable<Buffer>, maxBytes: number): AsyncGenerator<Line> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let number = 0;
  let endsAt = 0;
  let parts: Buffer[] = [];
  let length = 0;
  const add = (part: Buffer): void => {
    length += part.length;
    if (length <= maxBytes) parts.push(part);
  };
  const take = (): Line => {
    const text = length <= maxBytes ? decode(decoder, Buffer.concat(parts)) : null;
    endsAt += length;
    number += 1;
    parts = [];
    length = 0;
    return { number, text, endsAt };
  };
  for await (const chunk of source) {
    let from = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, from)) {
      add(chunk.subarray(from, end));
      endsAt += 1;
      yield take();
      from = end + 1;
    }
    // A copy: a part of a chunk would keep the whole of it.
    if (from < chunk.length) add(Buffer.from(chunk.subarray(from)));
  }
  if (length > 0) yield take();
}

function decode(decoder: Decoder, bytes: Buffer): string | null {
  try {
    return decoder.decode(bytes).replace(/\r$/, '');
  } catch {
    return null;
  }
}
