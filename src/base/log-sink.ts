/** Where log lines go when nothing else is said: standard output, whose end never ends the service. */
import { destination } from 'pino';

let lost = 0;
let isReported = false;
/** A pipe whose reader is gone never comes back; a full disk may. */
let isGone = false;

/** How many lines were lost since this was last asked. */
export function brokenLogWrites(): number {
  const since = lost;
  lost = 0;
  return since;
}

/** What the log needs of a place to write to. */
export interface LogSink {
  write(line: string): void;
}

/**
 * Standard output, written without waiting. Where its reader is gone or the disk is full, lines are lost and counted, and
 * standard error is told once: what people do with their accounts matters more than its trace, and the database keeps its
 * own (`security_events`, the audit).
 */
export function standardOutput(): LogSink {
  const sink = destination({ fd: 1, sync: false, minLength: 0, maxLength: 1 << 20 });
  const flush = sink.flushSync.bind(sink);
  sink.on('error', (error: NodeJS.ErrnoException) => {
    report(error.code);
    // sonic-boom 4 tries for ever where a disk is full: the process would never end (run).
    sink.flushSync = () => undefined;
  });
  sink.on('drain', () => (sink.flushSync = flush));
  sink.on('drop', () => (lost += 1));
  return {
    write(line) {
      if (isGone) lost += 1;
      try {
        sink.write(line);
      } catch {
        lost += 1;
      }
    },
  };
}

function report(code: string | undefined): void {
  lost += 1;
  isGone ||= code === 'EPIPE';
  if (isReported) return;
  isReported = true;
  process.stderr.on('error', () => undefined);
  const line = { level: 'error', time: new Date().toISOString(), event: 'log_sink_broken', reason: code ?? 'unknown' };
  process.stderr.write(`${JSON.stringify(line)}\n`);
}
