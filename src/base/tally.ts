/** What is counted where it happens, for whoever publishes numbers: `base/` and the features know no Prometheus. */
import type { Values } from './config-variables.js';

/** Each count has one label, and the code fixes its values: nothing that a client wrote, nothing of a person. */
export interface Tallied {
  /** A call, letter or text that met a full limit, by the variable that sets it: never by whose limit it was. */
  readonly limit: Extract<keyof Values, `LIMIT_${string}`>;
  /** A letter or text that was taken over, by its channel. */
  readonly delivered: 'EMAIL' | 'SMS';
  /** One that was not, and will be tried again. */
  readonly delivery_failed: 'EMAIL' | 'SMS';
  /** An error that nobody foresaw, where it was masked or stopped, or a process died of it: by its door. */
  readonly unexpected_error: 'graphql' | 'http' | 'process';
  /** A run of one of the worker's jobs that failed, or of one thing that it works through, by the job's name. */
  readonly job_failed: string;
}

/** Told of each: what, under which label, and how many. */
export type TallyWatch = (what: keyof Tallied, label: string, by: number) => void;

let watch: TallyWatch | null = null;

/** Has what is counted in this process told from now on, to this watch alone. */
export function watchTally(watcher: TallyWatch): void {
  watch = watcher;
}

/** Counts one. It only adds in memory: what is asked of the service takes no longer, and answers nothing else, for it. */
export function tally<W extends keyof Tallied>(what: W, label: Tallied[W], by = 1): void {
  watch?.(what, label, by);
}
