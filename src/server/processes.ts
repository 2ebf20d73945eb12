/** What the primary of a node asks of the processes that serve (`WORKERS`), and what each of them answers. */
import cluster, { type Worker } from 'node:cluster';
import { AggregatorRegistry, type MetricObjectWithValues, type MetricValue, type Registry } from 'prom-client';
import type { Missing } from './health.js';
import type { MetricsSource } from './metrics-port.js';

/** Longer than a process waits for its stores, shorter than Prometheus waits for the page. Milliseconds. */
const PATIENCE_MS = 4_000;

type Numbers = readonly MetricObjectWithValues<MetricValue<string>>[];

interface Question {
  readonly rekeyAsks: 'numbers' | 'health';
  readonly id: number;
}

interface Answer {
  readonly rekeyAnswers: number;
  readonly answer: unknown;
}

/** Lets the primary ask this process for its numbers, and for what it lacks to serve. */
export function answerPrimary(registry: Registry, missing: () => Promise<Missing>): void {
  const answers = { numbers: () => registry.getMetricsAsJSON(), health: async () => ({ missing: await missing() }) };
  process.on('message', (question: Partial<Question> | null) => {
    const { rekeyAsks, id } = question ?? {};
    if (rekeyAsks === undefined) return;
    // A primary that is gone needs no answer; without a callback that would be an error nobody catches.
    const send = (answer: unknown) =>
      process.send?.({ rekeyAnswers: id, answer }, undefined, undefined, () => undefined);
    answers[rekeyAsks]().then(send, () => send(null));
  });
}

/**
 * The numbers of all processes of this node as one. One that does not answer in four seconds is missing in all of them.
 * @param own what the primary counts itself.
 */
export const allProcesses = (own: Registry): MetricsSource => ({
  contentType: AggregatorRegistry.PROMETHEUS_CONTENT_TYPE,
  async text() {
    const told = await Promise.all(askEach('numbers'));
    // One that hangs or has only just begun keeps nobody from the rest.
    const answers = told.filter((answer) => answer !== null) as Numbers[];
    if (answers.length === 0) throw new Error('no process answers');
    return addUp([...answers, await own.getMetricsAsJSON()]);
  },
});

/** What the processes of this node lack: nothing as soon as one is ready to serve, the database where none answers in time. */
export async function missingInAll(): Promise<Missing> {
  let missing: Missing = 'database';
  const ready = askEach('health').map(async (asked) => {
    const health = (await asked) as { readonly missing: Missing } | null;
    if (health) missing = health.missing;
    if (health?.missing !== null) throw new Error('not ready');
  });
  return Promise.any(ready).then(
    () => null,
    () => missing,
  );
}

/** One page of several. JSON has no NaN: what a process could not read comes as null, and stands for nothing. */
export function addUp(answers: readonly Numbers[]): Promise<string> {
  const readable = answers.map((numbers) =>
    numbers.map((metric) => ({
      ...metric,
      values: metric.values.filter(({ value }) => value !== null && !Number.isNaN(value)),
    })),
  );
  return AggregatorRegistry.aggregate(readable).metrics();
}

let asked = 0;

/** The answer of each process; null from one that does not answer in time. */
function askEach(what: Question['rekeyAsks']): Promise<unknown>[] {
  const question: Question = { rekeyAsks: what, id: (asked += 1) };
  const reached = Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined && worker.isConnected());
  return reached.map((worker) => ask(worker as Worker, question));
}

function ask(worker: Worker, question: Question): Promise<unknown> {
  return new Promise((resolve) => {
    const settle = (answer: unknown): void => {
      clearTimeout(timer);
      worker.off('message', hear).off('exit', gone);
      resolve(answer);
    };
    const gone = (): void => settle(null);
    const hear = ({ rekeyAnswers, answer }: Partial<Answer>): void => {
      if (rekeyAnswers === question.id) settle(answer);
    };
    const timer = setTimeout(gone, PATIENCE_MS);
    worker.on('message', hear).on('exit', gone);
    worker.send(question, (error) => error && gone());
  });
}
