/**
 * Traces in OpenTelemetry's form, over OTLP/HTTP as JSON (opentelemetry-proto 1.x), written by hand: the official SDK and
 * its exporter bring dozens of packages into a process that holds secrets, for what is a page of code. Off, it costs one
 * comparison. A span carries names that the code fixes: no parameter, no address, no id of a person.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { hrtime } from 'node:process';
import { newBytes } from './secrets.js';

export type SpanKind = 'internal' | 'server' | 'client';
export type SpanFacts = Readonly<Record<string, string | number | boolean>>;

/** A unit of work under way. Ending it a second time does nothing. */
export interface Span {
  end(facts?: SpanFacts, isError?: boolean): void;
}

interface Place {
  readonly traceId: string;
  readonly spanId: string;
}

const KINDS = { internal: 1, server: 2, client: 3 } as const;
const BATCH = 512;
/** More than this waiting means that nobody takes them: the newest are dropped. */
const MOST_WAITING = 4096;
const FLUSH_MS = 2_000;
const SEND_MS = 5_000;
const NOTHING: Span = { end: () => undefined };

const here = new AsyncLocalStorage<Place>();
let exporter: Exporter | null = null;

/** Whether spans are recorded at all. */
export const isTracing = (): boolean => exporter !== null;

/**
 * Begins to send spans to `ENDPOINT/v1/traces`. An endpoint that is away costs spans and nothing else.
 * @param onTrouble told once for each time that sending begins to fail.
 * @returns what ends it, sending what waits.
 */
export function startTracing(
  endpoint: string,
  service: string,
  onTrouble: (reason: string) => void,
): () => Promise<void> {
  const started = new Exporter(new URL('v1/traces', endpoint.replace(/\/?$/, '/')), service, onTrouble);
  exporter = started;
  return async () => {
    if (exporter === started) exporter = null;
    await started.close();
  };
}

/** Begins a span below the current one, or a trace of its own. @param remote a `traceparent` header (W3C Trace Context). */
export function beginSpan(
  name: string,
  kind: SpanKind,
  remote?: string,
): { readonly span: Span; within<T>(work: () => T): T } {
  const sink = exporter;
  if (!sink) return { span: NOTHING, within: (work) => work() };
  const parent = here.getStore() ?? remotePlace(remote);
  const place: Place = {
    traceId: parent?.traceId ?? newBytes(16).toString('hex'),
    spanId: newBytes(8).toString('hex'),
  };
  const begunAt = now();
  let isOver = false;
  const span: Span = {
    end(facts = {}, isError = false) {
      if (isOver) return;
      isOver = true;
      sink.add({
        ...place,
        ...(parent && { parentSpanId: parent.spanId }),
        name,
        kind: KINDS[kind],
        startTimeUnixNano: String(begunAt),
        endTimeUnixNano: String(now()),
        attributes: Object.entries(facts).map(([key, value]) => ({ key, value: valueOf(value) })),
        status: { code: isError ? 2 : 0 },
      });
    },
  };
  return { span, within: (work) => here.run(place, work) };
}

/** Runs `work` as a span. */
export async function traced<T>(
  name: string,
  kind: SpanKind,
  work: () => Promise<T> | T,
  facts?: SpanFacts,
): Promise<T> {
  if (!exporter) return work();
  const { span, within } = beginSpan(name, kind);
  try {
    const result = await within(work);
    span.end(facts);
    return result;
  } catch (error) {
    span.end(facts, true);
    throw error;
  }
}

/** Told of each statement: its verb, how long it took in seconds, and whether it failed. */
export type StatementWatch = (verb: string, seconds: number, hasFailed: boolean) => void;

let watchStatement: StatementWatch | null = null;

/** Has every statement of this process counted from now on; null ends it. */
export function watchStatements(watch: StatementWatch | null): void {
  watchStatement = watch;
}

const VERB = /^\s*(?:with\b.*?\)\s*)?(select|insert|update|delete)\b/is;
const verbs = new Map<string, string>();
/** Texts are built by the code, so there are few; what makes them many is not worth remembering. */
const MOST_TEXTS = 1000;

function verbOf(text: string): string {
  const known = verbs.get(text);
  if (known !== undefined) return known;
  const verb = VERB.exec(text)?.[1]?.toLowerCase() ?? 'statement';
  if (verbs.size < MOST_TEXTS) verbs.set(text, verb);
  return verb;
}

/** Records a statement sent to the database: its text has placeholders where the values were. */
export function traceStatement(text: string, pending: PromiseLike<unknown>): void {
  const watch = watchStatement;
  if (!exporter && !watch) return;
  const verb = verbOf(text);
  const { span } = beginSpan(`postgresql ${verb}`, 'client');
  const startedAt = performance.now();
  const settle = (hasFailed: boolean): void => {
    watch?.(verb, (performance.now() - startedAt) / 1000, hasFailed);
    if (!exporter) return;
    span.end({ 'db.system.name': 'postgresql', 'db.query.text': text.replace(/\s+/g, ' ').slice(0, 500) }, hasFailed);
  };
  pending.then(
    () => settle(false),
    () => settle(true),
  );
}

/** Wall time in nanoseconds that never runs backwards within the process. */
const origin = BigInt(Date.now()) * 1_000_000n - hrtime.bigint();
const now = (): bigint => origin + hrtime.bigint();

function remotePlace(header: string | undefined): Place | undefined {
  const [, traceId, spanId] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/.exec(header ?? '') ?? [];
  if (!traceId || !spanId || /^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId };
}

function valueOf(value: string | number | boolean): Record<string, unknown> {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
}

class Exporter {
  #waiting: Record<string, unknown>[] = [];
  #sending: Promise<void> = Promise.resolve();
  #isFailing = false;
  readonly #timer = setInterval(() => this.#flush(), FLUSH_MS).unref();

  constructor(
    private readonly url: URL,
    private readonly service: string,
    private readonly onTrouble: (reason: string) => void,
  ) {}

  add(span: Record<string, unknown>): void {
    if (this.#waiting.length >= MOST_WAITING) return;
    this.#waiting.push(span);
    if (this.#waiting.length === BATCH) this.#flush();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#flush();
    await this.#sending;
  }

  #flush(): void {
    if (this.#waiting.length === 0) return;
    // One batch at a time: while the receiver is slow, the rest waits within its bound.
    this.#sending = this.#sending.then(() => this.#send(this.#waiting.splice(0)));
  }

  async #send(spans: Record<string, unknown>[]): Promise<void> {
    if (spans.length === 0) return;
    const resource = { attributes: [{ key: 'service.name', value: { stringValue: this.service } }] };
    const body = JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ scope: { name: 'rekey' }, spans }] }] });
    try {
      const headers = { 'content-type': 'application/json' };
      const signal = AbortSignal.timeout(SEND_MS);
      const answer = await fetch(this.url, { method: 'POST', headers, body, signal });
      await answer.body?.cancel();
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isFailing) this.onTrouble(error instanceof Error ? error.message : 'unknown');
      this.#isFailing = true;
    }
  }
}
