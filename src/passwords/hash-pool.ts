/** Threads that hash, and the short queue before them: the place where a flood of sign-ins is turned away. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { traced } from '../base/tracing.js';
import type { HashJob } from './schemes.js';

/** Hashing is at its limit. Try again after `retryAfterSeconds`; nothing was computed, nothing was counted. */
export class BusyError extends Error {
  override readonly name = 'BusyError';

  constructor(readonly retryAfterSeconds: number) {
    super('too many passwords are being checked at once');
  }
}

export interface HashPoolOptions {
  /** Threads. As many as cores: measured, more of them buy latency and no throughput. */
  size: number;
  /** Jobs that may wait. 64 of ours are about half a second of two cores. */
  maxQueued: number;
  /** The longest wait, in milliseconds of real time: a person has reloaded the page by then. */
  maxWaitMs: number;
  /** The script each thread runs. */
  script: URL;
}

type HashResult<Job extends HashJob> = Job extends { task: 'hash' } ? string : boolean;
type Reply = { value: string | boolean } | { failure: string };

interface Task {
  job: HashJob;
  lane: string | undefined;
  deadline: number;
  timer?: NodeJS.Timeout;
  resolve: (value: string | boolean) => void;
  reject: (reason: Error) => void;
}

/** Threads are started when work first needs them, and never keep the process alive while they have none. */
export class HashPool {
  readonly #options: HashPoolOptions;
  readonly #idle: Worker[] = [];
  readonly #running = new Map<Worker, Task>();
  readonly #queue: Task[] = [];

  constructor(options: Partial<HashPoolOptions> = {}) {
    this.#options = {
      size: Math.max(1, availableParallelism()),
      maxQueued: 64,
      maxWaitMs: 2_000,
      script: new URL('./hash-worker.js', import.meta.url),
      ...options,
    };
  }

  /** How many jobs are being computed and how many wait, for metrics. */
  get stats(): { inFlight: number; queued: number } {
    return { inFlight: this.#running.size, queued: this.#queue.length };
  }

  /**
   * Computes a job, at once or after a short wait. Throws `BusyError` when the queue is full, when this lane (one
   * client's network) holds three quarters of it already, or when the wait was too long; a job that has waited too long is
   * never run. Throws `Error` when the thread died over it.
   */
  run<Job extends HashJob>(job: Job, lane?: string): Promise<HashResult<Job>> {
    return new Promise<string | boolean>((resolve, reject) => {
      const task: Task = { job, lane, deadline: performance.now() + this.#options.maxWaitMs, resolve, reject };
      if (this.#running.size < this.#options.size) return this.#start(task);
      if (!this.#hasRoomFor(lane)) return reject(this.#busy());
      task.timer = setTimeout(() => this.#expire(task), this.#options.maxWaitMs);
      this.#queue.push(task);
    }) as Promise<HashResult<Job>>;
  }

  /** Ends every thread; work that runs or waits fails. A later job starts new threads. */
  async close(): Promise<void> {
    for (const task of this.#queue.splice(0)) this.#settle(task).reject(new Error('the hash pool was closed'));
    const workers = [...this.#idle.splice(0), ...this.#running.keys()];
    await Promise.all(workers.map((worker) => worker.terminate()));
  }

  #hasRoomFor(lane: string | undefined): boolean {
    const { maxQueued } = this.#options;
    if (this.#queue.length >= maxQueued) return false;
    if (lane === undefined) return true;
    return this.#queue.filter((task) => task.lane === lane).length < Math.ceil((maxQueued * 3) / 4);
  }

  #busy(): BusyError {
    // After the longest wait whatever is queued now has been computed or turned away.
    return new BusyError(Math.ceil(this.#options.maxWaitMs / 1_000));
  }

  #start(task: Task): void {
    try {
      const worker = this.#idle.pop() ?? this.#spawn();
      this.#running.set(worker, task);
      worker.ref();
      worker.postMessage(task.job);
    } catch (error) {
      task.reject(new Error('no thread could be started to hash in', { cause: error }));
    }
  }

  #startNext(): void {
    while (this.#running.size < this.#options.size) {
      const task = this.#queue.shift();
      if (!task) return;
      // When the event loop stalls, a thread's answer can be seen before the timer that should have come first.
      if (performance.now() >= task.deadline) this.#settle(task).reject(this.#busy());
      else this.#start(this.#settle(task));
    }
  }

  #expire(task: Task): void {
    const place = this.#queue.indexOf(task);
    if (place >= 0) this.#queue.splice(place, 1);
    task.reject(this.#busy());
  }

  #settle(task: Task): Task {
    clearTimeout(task.timer);
    return task;
  }

  #spawn(): Worker {
    // A thread that sees passwords needs neither the environment's secrets nor the loaders that the process was started with.
    const worker = new Worker(this.#options.script, { name: 'rekey-hashing', env: {}, execArgv: [] });
    worker.on('message', (reply: Reply) => this.#finish(worker, reply));
    worker.on('error', (error) => this.#lose(worker, error));
    worker.on('exit', () => this.#lose(worker));
    return worker;
  }

  #finish(worker: Worker, reply: Reply): void {
    const task = this.#running.get(worker);
    if (!task) return;
    this.#running.delete(worker);
    this.#idle.push(worker);
    worker.unref();
    if ('value' in reply) task.resolve(reply.value);
    else task.reject(new Error(reply.failure));
    this.#startNext();
  }

  /** The job of a dead thread fails, since it may be what killed it; the next job gets a new thread. */
  #lose(worker: Worker, cause?: unknown): void {
    const place = this.#idle.indexOf(worker);
    if (place >= 0) this.#idle.splice(place, 1);
    const task = this.#running.get(worker);
    if (!task) return;
    this.#running.delete(worker);
    task.reject(new Error('a hashing thread died', { cause }));
    this.#startNext();
  }
}

/** The one pool of the process; it has no threads until the first password comes. */
let pool = new HashPool();

/**
 * Divides the threads that hash on this machine among so many of its processes. Called once, before the first password comes.
 * @param threads null for as many as cores.
 */
export function shareHashing(threads: number | null, processes: number): void {
  pool = new HashPool({ size: Math.ceil((threads ?? availableParallelism()) / processes) });
}

/** Computes a job in the pool of the process; see `HashPool.run`. */
export function runHashJob<Job extends HashJob>(job: Job, lane?: string): Promise<HashResult<Job>> {
  return traced('hash', 'internal', () => pool.run(job, lane), { task: job.task });
}

/** How many jobs the pool of the process computes and holds waiting. */
export function hashPoolStats(): { inFlight: number; queued: number } {
  return pool.stats;
}

/** Ends the threads of the process's pool, for an orderly stop and for tests. */
export function closeHashPool(): Promise<void> {
  return pool.close();
}
