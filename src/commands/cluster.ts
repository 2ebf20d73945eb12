/** Several processes on one node (`WORKERS`): a primary that serves nothing and keeps the others alive. */
import cluster, { type Worker } from 'node:cluster';
import type { Config } from '../base/config.js';
import { describeError, type Log } from '../base/log.js';
import { tally } from '../base/tally.js';
import { openPrimaryNumbers } from '../server/metrics.js';
import { listenForOperators } from '../server/metrics-port.js';
import { allProcesses, missingInAll } from '../server/processes.js';
import { setLastResort } from './last-resort.js';

/** Longer than an operation and a statement may take: after that a process that still runs hangs. Milliseconds. */
const DRAIN_MS = 20_000;
/** A process that lived so long was well: the next one is started at once. */
const HEALTHY_MS = 60_000;
const LONGEST_PAUSE_MS = 30_000;

/**
 * Forks `WORKERS` processes, each with its own connections and worker jobs (leases keep those apart), and starts a
 * new one where one dies, after growing pauses. A signal is passed on; the primary ends when all have drained.
 * @returns the exit status: 1 where none could be started at all.
 */
export async function servePrimary(config: Config, log: Log): Promise<number> {
  setLastResort(log);
  const operators = await listenForOperators(config, allProcesses(openPrimaryNumbers()), missingInAll);
  const status = await new Promise<number>((resolve) => new Nursery(config.WORKERS, log, resolve).start());
  await operators?.close();
  log.info({ event: 'stopped', processes: config.WORKERS });
  return status;
}

class Nursery {
  readonly #startedAt = new Map<Worker, number>();
  #isStopping = false;
  #hasServed = false;
  #deathsInARow = 0;

  constructor(
    private readonly size: number,
    private readonly log: Log,
    private readonly onOver: (status: number) => void,
  ) {}

  start(): void {
    process.on('SIGTERM', () => this.#stop());
    process.on('SIGINT', () => this.#stop());
    cluster.on('listening', () => (this.#hasServed = true));
    cluster.on('exit', (worker, code, signal) => this.#lost(worker, code, signal));
    for (let n = 0; n < this.size; n += 1) this.#fork();
  }

  #fork(): void {
    if (this.#isStopping) return;
    const worker = cluster.fork();
    this.#startedAt.set(worker, performance.now());
    worker.on('error', (error) => this.#failed(worker, error));
  }

  /** Where the system has no memory for one now, it may have some later. */
  #forkAgain(): void {
    try {
      this.#fork();
    } catch (error) {
      this.log.error({ event: 'process_failed', pid: null, ...describeError(error) });
      setTimeout(() => this.#forkAgain(), LONGEST_PAUSE_MS);
    }
  }

  /** A message that did not reach it, or the system had no process to give: then there is none that could exit. */
  #failed(worker: Worker, error: Error): void {
    this.log.error({ event: 'process_failed', pid: worker.process.pid ?? null, ...describeError(error) });
    if (worker.process.pid === undefined) this.#lost(worker, -1, null);
  }

  #lost(worker: Worker, code: number, signal: string | null): void {
    const lived = performance.now() - (this.#startedAt.get(worker) ?? 0);
    if (!this.#startedAt.delete(worker)) return;
    if (this.#isStopping || !this.#hasServed) return this.#endIfAlone();
    this.#deathsInARow = lived > HEALTHY_MS ? 0 : this.#deathsInARow + 1;
    const pauseMs = this.#deathsInARow === 0 ? 0 : Math.min(LONGEST_PAUSE_MS, 250 * 2 ** (this.#deathsInARow - 1));
    tally('unexpected_error', 'process');
    this.log.error({ event: 'process_died', pid: worker.process.pid, exitStatus: code, signal, pauseMs });
    setTimeout(() => this.#forkAgain(), pauseMs);
  }

  /** While none has served yet, a mistake in the settings is likelier than an accident: it said so and ended. */
  #endIfAlone(): void {
    if (!this.#isStopping) this.#stop();
    if (this.#startedAt.size === 0) this.onOver(this.#hasServed ? 0 : 1);
  }

  #stop(): void {
    if (this.#isStopping) return;
    this.#isStopping = true;
    for (const worker of this.#startedAt.keys()) worker.process.kill('SIGTERM');
    setTimeout(() => {
      for (const worker of this.#startedAt.keys()) worker.process.kill('SIGKILL');
    }, DRAIN_MS).unref();
    if (this.#startedAt.size === 0) this.onOver(this.#hasServed ? 0 : 1);
  }
}
