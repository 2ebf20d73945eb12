/** Where the processor's time goes: in the program, and in PostgreSQL where it runs on this machine. Linux only. */
import { readdirSync, readFileSync } from 'node:fs';

/** Processor time: of `processorTime` in seconds since each began. */
export interface ProcessorTime {
  /** The thread that serves: JavaScript, and whatever it calls. */
  readonly serving: number;
  /** The program's other threads: hashing, and a little collecting of garbage and compiling. */
  readonly hashing: number;
  /** The processes of PostgreSQL that serve the database. */
  readonly postgresql: number;
}

/** Processor time until now of the program with this process id, on the database of this name. */
export function processorTime(pid: number, database: string): ProcessorTime {
  const tasks = readdirSync(`/proc/${pid}/task`);
  const backends = readdirSync('/proc').filter(
    (name) => /^\d+$/.test(name) && readText(`/proc/${name}/cmdline`).startsWith('postgres: '),
  );
  return {
    serving: secondsOf(`/proc/${pid}`),
    hashing: sum(tasks.filter((task) => Number(task) !== pid).map((task) => `/proc/${pid}/task/${task}`)),
    postgresql: sum(
      backends.map((name) => `/proc/${name}`).filter((path) => readText(`${path}/cmdline`).includes(` ${database} `)),
    ),
  };
}

/** Milliseconds that each of so many pieces of work took, from one reading to a later one. */
export const millisecondsEach = (before: ProcessorTime, after: ProcessorTime, pieces: number): ProcessorTime => ({
  serving: (1000 * (after.serving - before.serving)) / pieces,
  hashing: (1000 * (after.hashing - before.hashing)) / pieces,
  postgresql: (1000 * (after.postgresql - before.postgresql)) / pieces,
});

const sum = (paths: readonly string[]): number => paths.map(secondsOf).reduce((total, seconds) => total + seconds, 0);

/** The first number of `schedstat` is the time on a processor, in nanoseconds. */
const secondsOf = (path: string): number => Number(readText(`${path}/schedstat`).split(' ')[0]) / 1e9;

/** A thread that ended while we looked has no file any more. */
function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
