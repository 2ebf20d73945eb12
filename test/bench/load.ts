/** A load generator on loopback, bounded in count and time, with little work of its own. */
import { randomBytes } from 'node:crypto';
import { Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http';

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface Target {
  send(body: string, headers?: Record<string, string>): Promise<Reply>;
  close(): void;
}

/** Each request comes from another network, so that no limit at the door answers in place of what is measured. */
export function openTarget(url: string): Target {
  const agent = new Agent({ keepAlive: true });
  return {
    send: (body, extra = {}) =>
      new Promise((resolve, reject) => {
        const headers = {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
          'x-forwarded-for': `10.${[...randomBytes(3)].join('.')}`,
          ...extra,
        };
        const sent = httpRequest(`${url}/graphql`, { method: 'POST', agent, headers }, (response) => {
          const parts: Buffer[] = [];
          response.on('data', (part: Buffer) => parts.push(part));
          response.on('end', () => {
            const text = Buffer.concat(parts).toString();
            resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
          });
        });
        sent.on('error', reject);
        sent.end(body);
      }),
    close: () => agent.destroy(),
  };
}

export const body = (query: string, input?: Record<string, unknown>): string =>
  JSON.stringify({ query, variables: input && { input } });

export interface Load {
  readonly perSecond: number;
  /** Milliseconds of each. */
  readonly times: number[];
}

/** So many callers, each again as soon as it is answered, for so long. */
export async function run(callers: number, seconds: number, work: (caller: number) => Promise<void>): Promise<Load> {
  const times: number[] = [];
  const startedAt = performance.now();
  const endsAt = startedAt + seconds * 1000;
  const call = async (caller: number): Promise<void> => {
    for (let at = performance.now(); at < endsAt; at = performance.now()) {
      await work(caller);
      times.push(performance.now() - at);
    }
  };
  await Promise.all(Array.from({ length: callers }, (_, caller) => call(caller)));
  return { perSecond: times.length / ((performance.now() - startedAt) / 1000), times };
}
