/**
 * How to reach the PostgreSQL server or servers that a URL names.
 *
 * postgres.js opens no socket here by itself: with several hosts of which one is down, or a proxy that accepts and hangs
 * up, version 3.4.9 tries again for ever without a pause, never fails the statement, and goes on after `end()` (run).
 */
import { once } from 'node:events';
import { connect, isIP, Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { makePgArray, parsePgArray } from 'drizzle-orm/pg-core';
import postgres, { type Options, type Sql } from 'postgres';
import { parseDatabaseUrl, type Destination, type Host, type Tls } from './postgres-url.js';

export interface ClientSettings {
  readonly max: number;
  /** Seconds until an unused connection is closed; 0 keeps it. */
  readonly idleSeconds: number;
  /** Session settings. Not sent through PgBouncer, which refuses what it cannot keep track of. */
  readonly session: Record<string, string | number>;
}

/** A host that is silent for so long while connecting is given up. */
const CONNECT_MS = 3_000;
/** A server that took the connection has so long to let us in: it may be busy. */
const LET_IN_MS = 5_000;
/** After a failure, whoever asks within this time hears of it at once, without a further attempt. */
const PAUSE_MS = 250;

/** Arrays by the numbers that PostgreSQL fixed for their types. Those of bigint and uuid hold text, as the single ones. */
const ARRAYS = Object.fromEntries(
  [
    ...[1009, 1015, 1016, 2951].map((oid) => [oid, parsePgArray] as const),
    ...[1005, 1007, 1021, 1022].map((oid) => [oid, (text: string) => parsePgArray(text).map(Number)] as const),
  ].map(([oid, parse]) => [`array${oid}`, { to: oid, from: [oid], parse, serialize: makePgArray }]),
);

export class PostgresServer {
  /** `host:port` of each, for messages: neither user nor password. */
  readonly name: string;
  readonly isPgBouncer: boolean;
  readonly #destination: Destination;
  #current: Promise<Host> | null = null;
  #failure: { error: NodeJS.ErrnoException; until: number } | null = null;

  /**
   * @param variable the environment variable that the URL came from, for messages.
   * @throws StartupError when it is no such URL; the message does not repeat it.
   */
  constructor(
    url: string,
    readonly variable: string,
  ) {
    this.#destination = parseDatabaseUrl(url, variable);
    this.name = this.#destination.hosts.map(({ host, port }) => `${host}:${port}`).join(', ');
    this.isPgBouncer = this.#destination.isPgBouncer;
  }

  /** A postgres.js client of its own connections. It connects when it is used. */
  client(settings: ClientSettings): Sql {
    return this.#client(settings, () => this.#open());
  }

  /** The server met is not the one that takes writes any more: look for that one again. */
  forget(): void {
    this.#current = null;
  }

  #client({ max, idleSeconds, session }: ClientSettings, open: () => Promise<Socket>): Sql {
    const { hosts, user, password, database, isPgBouncer, parameters } = this.#destination;
    const sockets = new Set<Socket>();
    const remember = (socket: Socket): Socket => {
      sockets.add(socket);
      return socket.once('close', () => sockets.delete(socket));
    };
    const options = {
      ...hosts[0],
      ...(user === undefined ? {} : { user }),
      ...(password === undefined ? {} : { password }),
      ...(database === undefined ? {} : { database }),
      // `openSocket` has done that.
      ssl: false,
      max,
      idle_timeout: idleSeconds,
      // Counted once `openSocket` is done. Seconds.
      connect_timeout: LET_IN_MS / 1000,
      // Behind PgBouncer in transaction mode the next statement may meet another session: it knows no prepared ones.
      prepare: !isPgBouncer,
      // `#open` pauses; here each waiting statement would wait for its own turn to fail.
      backoff: () => 0,
      onnotice: () => {},
      // Asking the server for the types of arrays ends the whole process if the connection breaks meanwhile (a rejection
      // that nobody handles, run): those that we use are written down instead.
      fetch_types: false,
      types: ARRAYS,
      connection: {
        application_name: 'rekey',
        // Drizzle reads dates as text in this form; a role or a database may have another default.
        DateStyle: 'ISO',
        TimeZone: 'UTC',
        ...(isPgBouncer ? {} : session),
        ...parameters,
      },
      // Not in the types of postgres.js 3.4.9; its documentation has it. A socket is always returned: were this to
      // throw, the connection would never be used again.
      socket: () => open().then(remember, (error: Error) => failingSocket(error)),
    };
    const client = postgres(options as unknown as Options<Record<string, never>>);
    const end = client.end.bind(client);
    return Object.assign(client, {
      end: async (how?: { timeout?: number }) => {
        await end(how);
        // It has said goodbye on each; one whose other side is gone would keep the process for minutes.
        for (const socket of sockets) socket.destroy();
      },
    });
  }

  async #open(): Promise<Socket> {
    if (this.#failure && performance.now() < this.#failure.until) throw copyOf(this.#failure.error);
    try {
      const known = this.#current;
      this.#current ??= this.#find();
      return await this.#openSocket(await this.#current).catch(async (error: unknown) => {
        // The host that served us is gone; with several, another may have taken its place.
        if (!known || this.#destination.hosts.length === 1) throw error;
        if (this.#current === known) this.#current = this.#find();
        return this.#openSocket(await (this.#current ?? this.#find()));
      });
    } catch (error) {
      this.#current = null;
      this.#failure = { error: error as NodeJS.ErrnoException, until: performance.now() + PAUSE_MS };
      throw error;
    }
  }

  /** Of several hosts, the first that takes writes: after a failover that is the promoted standby. */
  async #find(): Promise<Host> {
    const { hosts } = this.#destination;
    const [only] = hosts;
    if (only && hosts.length === 1) return only;
    let failure: unknown;
    for (const host of hosts) {
      try {
        if (await this.#takesWrites(host)) return host;
        failure ??= systemError('ECONNREFUSED', `no host of ${this.name} takes writes`);
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }

  #openSocket(host: Host): Promise<Socket> {
    return openSocket(host, this.#destination.tls);
  }

  async #takesWrites(host: Host): Promise<boolean> {
    const probe = this.#client({ max: 1, idleSeconds: 0, session: {} }, () => this.#openSocket(host));
    try {
      const [row] = await probe.unsafe<{ readonly: string }[]>(
        `select current_setting('transaction_read_only') as readonly`,
      );
      return row?.readonly === 'off';
    } finally {
      await probe.end({ timeout: 1 });
    }
  }
}

/** A connection on which the protocol can begin, encrypted where that is wanted. */
async function openSocket(address: Host, tls: Tls | null): Promise<Socket> {
  const { host, port } = address;
  const name = `${host}:${port}`;
  const plain = host.startsWith('/') ? connect(`${host}/.s.PGSQL.${port}`) : connect(port, host);
  plain.setNoDelay(true);
  plain.setTimeout(CONNECT_MS, () => plain.destroy(systemError('ETIMEDOUT', `connect ETIMEDOUT ${name}`)));
  endIsFailure(plain, name);
  try {
    await once(plain, 'connect');
    const socket = tls ? await encrypt(plain, address, tls) : plain;
    plain.setTimeout(0);
    return Object.assign(socket, { host, port });
  } catch (error) {
    plain.destroy();
    // A name with several addresses fails with an AggregateError, whose own message is empty.
    const { code = 'ECONNREFUSED', message } = error as NodeJS.ErrnoException;
    throw systemError(code, error instanceof AggregateError || !message ? `connect ${code} ${name}` : message);
  }
}

/** A server that hangs up, before or after the first word, fails what waits: postgres.js would only connect again. */
function endIsFailure(socket: Socket, name: string): void {
  socket.once('end', () => socket.destroy(systemError('ECONNRESET', `${name} hung up (ECONNRESET)`)));
}

/** The question whether the server can TLS: eight bytes, answered by one. */
const TLS_QUESTION = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

async function encrypt(plain: Socket, { host, port }: Host, { isRequired, options }: Tls): Promise<Socket> {
  plain.write(TLS_QUESTION);
  const [answer] = (await once(plain, 'data')) as [Buffer];
  const isYes = answer.equals(Buffer.from('S'));
  // More than the one byte came from somebody in between, who wants it taken for something encrypted.
  if (!isYes && !answer.equals(Buffer.from('N'))) {
    throw systemError('EPROTO', `${host}:${port} does not speak PostgreSQL's protocol (EPROTO)`);
  }
  if (!isYes && isRequired)
    throw systemError('EPROTO', `${host}:${port} offers no TLS, which sslmode asks for (EPROTO)`);
  if (!isYes) return plain;
  const socket = connectTls({ ...options, socket: plain, host, ...(isIP(host) ? {} : { servername: host }) });
  await once(socket, 'secureConnect');
  endIsFailure(socket, `${host}:${port}`);
  return socket;
}

/** What postgres.js can make a failed attempt of: a socket that takes the first message, then breaks. */
function failingSocket(error: Error): Socket {
  const socket = new Socket();
  // It writes in the next turn of the loop. Were the socket broken before that, the message would stay behind and spoil
  // the connection for good: what is written later is then never sent.
  socket.write = () => true;
  setImmediate(() => setImmediate(() => socket.destroy(error)));
  return socket;
}

const systemError = (code: string, message: string): NodeJS.ErrnoException =>
  Object.assign(new Error(message), { code, syscall: 'connect' });

/** postgres.js writes the statement onto the error it rejects with: each gets its own. */
const copyOf = (error: NodeJS.ErrnoException): Error => systemError(error.code ?? 'ECONNREFUSED', error.message);
