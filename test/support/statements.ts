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

/** Does `work`, and calls `look` after each of its commits, before the work goes on. */
export async function afterEachCommit<T>(app: App, work: () => Promise<T>, look: () => Promise<void>): Promise<T> {
  const { $client: client } = app.ctx.db as unknown as { $client: Client };
  const { unsafe, begin } = client;
  let isLooking = false;
  const lookFirst = async <R>(result: R): Promise<R> => {
    isLooking = true;
    await look().finally(() => (isLooking = false));
    return result;
  };
  /** What Drizzle takes of a statement under way. */
  const delayed = (pending: Pending): unknown => ({
    values: () => delayed(pending.values()),
    then: (resolve: (rows: unknown) => unknown, reject: (error: unknown) => unknown) =>
      pending.then(lookFirst).then(resolve, reject),
  });
  client.unsafe = (...args) => (isLooking ? unsafe(...args) : delayed(unsafe(...args) as Pending));
  client.begin = (...args) => (begin(...args) as Promise<unknown>).then(lookFirst);
  try {
    return await work();
  } finally {
    Object.assign(client, { unsafe, begin });
  }
}

interface Pending extends Promise<unknown> {
  values(): Pending;
}
