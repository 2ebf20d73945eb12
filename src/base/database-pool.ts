/** The connections behind one `Database`: single statements over a few, transactions over others; none hangs for ever. */
import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import type { Sql, TransactionSql } from 'postgres';
import { databaseErrorCode, DatabaseUnavailableError, isConnectionFailure } from './database-errors.js';
import { Deadlines } from './deadlines.js';
import { traceStatement } from './tracing.js';

type Send = Sql['unsafe'];
type Pending = ReturnType<Send>;
type Work = (sql: TransactionSql) => Promise<unknown>;

/** How many different statements are kept prepared: each costs every connection some memory on the server. */
const MOST_PREPARED = 500;
/** A longer one is not of a fixed form, such as an insert of very many rows. */
const LONGEST_PREPARED = 8_000;

export interface PoolWatch {
  /** How long a statement may stay without an answer. Longer than connecting and the server's own limit together. */
  readonly patienceMs: number;
  /** Told when the connections were given up, and why. */
  onReplaced(reason: 'no answer' | 'read only'): void;
}

/**
 * A postgres.js client that is replaced when it does not answer. When a server's machine vanishes, TCP itself takes
 * a quarter of an hour to notice, and postgres.js has no limit for an answer: without this, each statement that was
 * under way, and with pipelining each one after it, would wait that long.
 */
export class Pool {
  #client: Sql;
  readonly #prepared = new Set<string>();
  readonly #deadlines: Deadlines | null;
  #answeredAt = 0;
  #underWay = 0;
  #isEnding = false;

  /** @param watch null for connections that may be slow, and cannot vanish. */
  constructor(
    private readonly connect: () => Sql,
    private readonly watch: PoolWatch | null,
  ) {
    this.#deadlines = watch && new Deadlines(watch.patienceMs);
    this.#client = this.#connect();
  }

  unsafe(...args: Parameters<Send>): Pending {
    const client = this.#client;
    const pending = client.unsafe(...this.#prepare(args));
    traceStatement(args[0], pending);
    this.#observe(client, pending, false);
    return pending;
  }

  begin(work: Work): Promise<unknown> {
    this.#underWay += 1;
    return this.#begin(work).finally(() => (this.#underWay -= 1));
  }

  #begin(work: Work): Promise<unknown> {
    const client = this.#client;
    const deadlines = this.#deadlines;
    if (!deadlines) return client.begin((transaction) => work(this.#observed(client, transaction)));
    const issuedAt = performance.now();
    return new Promise((resolve, reject) => {
      let isTooLate = false;
      const deadline = deadlines.begin(() => {
        isTooLate = true;
        reject(new DatabaseUnavailableError('no connection for a transaction became free in time'));
        if (this.#answeredAt < issuedAt) this.#replace(client, 'no answer');
      });
      client
        .begin((transaction) => {
          deadlines.end(deadline);
          // The caller was told that it failed: it must not happen behind its back.
          if (isTooLate) throw new DatabaseUnavailableError('the transaction began too late');
          this.#answeredAt = performance.now();
          return work(this.#observed(client, transaction));
        })
        .then(resolve, (error: unknown) => {
          this.#judge(client, error);
          reject(error);
        })
        .finally(() => deadlines.end(deadline));
    });
  }

  /** Goes to another server, since this one takes no writes any more. */
  leave(): void {
    this.#replace(this.#client, 'read only');
  }

  /** Lets what is under way end: five seconds are what a statement may take. */
  async end(): Promise<void> {
    this.#isEnding = true;
    // Not left to postgres.js: it waits for the statement of a connection that broke, which will never be answered.
    await this.#client.end({ timeout: this.#underWay > 0 ? 5 : 0 });
  }

  #connect(): Sql {
    const client = this.connect();
    // Called for what it does to the client: it learns to leave dates as text, which Drizzle reads itself.
    drizzle({ client });
    return client;
  }

  /**
   * Drizzle prepares only what it is told to. Without it a statement takes two round trips and is never pipelined: 16
   * callers over two connections had 1.3k to 2k answers a second, and 4.8k to 7.6k with it (run). The texts are few, as Drizzle builds them from code; what
   * makes them many, such as lists of varying length, is bounded here.
   */
  #prepare([query, parameters, options]: Parameters<Send>): Parameters<Send> {
    const isKnown = this.#prepared.has(query);
    const isWorthIt = isKnown || (this.#prepared.size < MOST_PREPARED && query.length <= LONGEST_PREPARED);
    // One without parameters goes in one trip anyway, and may be several statements, which cannot be prepared.
    if (!parameters?.length || !isWorthIt) return [query, parameters, options];
    if (!isKnown) this.#prepared.add(query);
    return [query, parameters, { ...options, prepare: true }];
  }

  #observed(client: Sql, transaction: TransactionSql): TransactionSql {
    const send = transaction.unsafe;
    const savepoint = transaction.savepoint as (work: Work) => Promise<unknown>;
    return Object.assign(transaction, {
      unsafe: (...args: Parameters<Send>) => {
        const pending = send(...this.#prepare(args));
        traceStatement(args[0], pending);
        this.#observe(client, pending, true);
        return pending;
      },
      savepoint: (work: Work) => savepoint((inner) => work(this.#observed(client, inner))),
    });
  }

  #observe(client: Sql, pending: Pending, isInTransaction: boolean): void {
    const deadlines = this.#deadlines;
    const issuedAt = performance.now();
    const deadline = deadlines?.begin(() => this.#expire(client, pending, isInTransaction, issuedAt));
    this.#underWay += 1;
    const settle = (): void => {
      if (deadline) deadlines?.end(deadline);
      this.#underWay -= 1;
    };
    pending.then(
      () => {
        settle();
        this.#answeredAt = performance.now();
      },
      (error: unknown) => {
        settle();
        this.#judge(client, error);
      },
    );
  }

  #expire(client: Sql, pending: Pending, isInTransaction: boolean, issuedAt: number): void {
    const { state, cancel } = pending as unknown as { state: unknown; cancel(): void };
    // `state` is null until the statement is sent. Never cancel one that was: postgres.js would then give its rows to the
    // statement pipelined behind it.
    const isWaiting = !isInTransaction && state === null;
    if (isWaiting) cancel.call(pending);
    if (!isWaiting || this.#answeredAt < issuedAt) this.#replace(client, 'no answer');
  }

  #judge(client: Sql, error: unknown): void {
    // Even an error is an answer; one of them says that the server has become a standby.
    if (error instanceof Error && error.name === 'PostgresError') this.#answeredAt = performance.now();
    const { code } = databaseErrorCode(error);
    if (code === '25006') this.#replace(client, 'read only');
    // A migration elsewhere changed what a prepared `select *` answers. Inside transactions that would fail again and
    // again on each connection that has it prepared.
    else if (code === '0A000') this.#replace(client, 'broken');
    // postgres.js 3.4.9 may leave the beginning of a message in a connection that broke, and sends it again, or nothing
    // any more, over the next one (run: 08P01, CONNECT_TIMEOUT). So a client is not used further after that.
    else if (isConnectionFailure(error)) this.#replace(client, 'broken');
  }

  #replace(client: Sql, reason: 'no answer' | 'read only' | 'broken'): void {
    if (!this.watch || client !== this.#client || this.#isEnding) return;
    this.#client = this.#connect();
    if (reason !== 'broken') this.watch.onReplaced(reason);
    // Where there was no answer, what still waits fails at once; else the other connections' statements may end.
    void client.end({ timeout: reason === 'no answer' ? 0 : 5 });
  }
}

/**
 * Drizzle over two pools. Single statements are pipelined over few connections: on two cores, 16 callers, 16.5k a second
 * over one connection, 9.8k over two, 4.6k over ten. A transaction needs a connection to itself, so `begin` takes it
 * from the other pool, and a slow transaction never stands before a look-up.
 */
export function databaseOver(statements: Pool, transactions: Pool): PostgresJsDatabase {
  // All that Drizzle's session calls. `options` it only writes to; each pool's own client was taught in `#connect`.
  const client = {
    options: { parsers: {}, serializers: {} },
    unsafe: (...args: Parameters<Send>) => statements.unsafe(...args),
    begin: (work: Work) => transactions.begin(work),
  };
  return drizzle({ client: client as unknown as Sql });
}
