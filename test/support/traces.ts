/** A receiver of traces, as an operator's collector is one. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startTracing } from '../../src/base/tracing.js';

export interface SeenSpan {
  readonly name: string;
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly attributes: readonly { key: string; value: { stringValue?: string; intValue?: string } }[];
  readonly status: { readonly code: number };
}

interface Body {
  readonly resourceSpans: readonly { readonly scopeSpans: readonly { readonly spans: readonly SeenSpan[] }[] }[];
}

/** What was traced while `work` ran, and all that was sent, as text. */
export async function tracesDuring(work: () => Promise<unknown>): Promise<{ spans: SeenSpan[]; text: string }> {
  const bodies: string[] = [];
  const receiver = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      if (request.url === '/v1/traces') bodies.push(body);
      response.end('{}');
    });
  });
  await new Promise<void>((listening) => receiver.listen(0, '127.0.0.1', listening));
  const { port } = receiver.address() as AddressInfo;
  const end = startTracing(`http://127.0.0.1:${port}`, 'rekey', () => undefined);
  try {
    await work();
  } finally {
    await end();
    receiver.close();
  }
  const spans = bodies.flatMap((body) =>
    (JSON.parse(body) as Body).resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)),
  );
  return { spans, text: bodies.join('\n') };
}

/** The attributes of a span, by name. */
export const factsOf = ({ attributes }: SeenSpan): Record<string, string | undefined> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue ?? value.intValue]));
