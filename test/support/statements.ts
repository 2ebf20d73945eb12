/** What reached the database while something was done: how batching is measured. */
import type { App } from './app.js';

type Send = (statement: string, ...rest: unknown[]) => unknown;
interface Client {
  unsafe: Send;
  begin: (...args: unknown[]) => unknown;
}

/** The statements in the order they were sent; a transaction counts as one. */
export async function statementsDuring(app: App, work: () => Promise<unknown>): Promise<string[]> {
  const { $client: client } = app.ctx.db as unknown as { $client: Client };
  const { unsafe, begin } = client;
  const sent: string[] = [];
  client.unsafe = (statement, ...rest) => (sent.push(statement), unsafe(statement, ...rest));
  client.begin = (...args) => (sent.push('begin'), begin(...args));
  try {
    await work();
  } finally {
    Object.assign(client, { unsafe, begin });
  }
  return sent;
}
