/** What an operator watches, in Prometheus' form: numbers about the service, nothing about a person. */
import cluster from 'node:cluster';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry, type Aggregator } from 'prom-client';
import { variables } from '../base/config-variables.js';
import type { Context } from '../base/context.js';
import type { Hit, HitLog, Rule } from '../base/limits.js';
import { brokenLogWrites } from '../base/log-sink.js';
import { watchTally, type Tallied } from '../base/tally.js';
import { watchStatements } from '../base/tracing.js';
import { hashPoolStats } from '../passwords/hash-pool.js';
import { readStoreLevels, type StoreLevels } from './store-levels.js';

/** Seconds. A look-up takes a few milliseconds, a hash some tens, and nothing may take more than ten seconds. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

const LIMITS = Object.keys(variables).filter((name) => name.startsWith('LIMIT_'));

/** What letters and texts go by. */
const CHANNELS: readonly Tallied['delivered'][] = ['EMAIL', 'SMS'];

/** Where an error can come to light that nobody foresaw. */
const DOORS: readonly Tallied['unexpected_error'][] = ['graphql', 'http', 'process'];

const UNEXPECTED = {
  name: 'rekey_unexpected_errors_total',
  help: 'Errors that were masked or stopped, and processes that died',
  label: 'door',
  known: DOORS,
} as const;

/** The levels of the stores are asked for at most so often, however many scrape. Milliseconds. */
const LEVELS_AGE_MS = 10_000;

/**
 * The numbers of one process. Every label comes from a list that the code fixes (routes, fields of the schema, outcomes,
 * limits): what a client writes never becomes one, so that nobody can make them grow.
 */
export class Metrics {
  readonly registry = new Registry();
  readonly contentType = this.registry.contentType;
  readonly #requests = this.#histogram('rekey_http_request_duration_seconds', 'HTTP requests by route and status', [
    'route',
    'status',
  ]);
  readonly #fields = this.#histogram('rekey_graphql_field_duration_seconds', 'Root fields by name and outcome', [
    'type',
    'field',
    'outcome',
  ]);
  readonly #statements = this.#histogram('rekey_sql_duration_seconds', 'SQL statements by verb and outcome', [
    'verb',
    'outcome',
  ]);
  readonly #refused = this.#counter('rekey_graphql_refused_total', 'Operations refused before they ran', ['code']);
  readonly #limitFailures = this.#counter('rekey_limit_store_failures_total', 'Times the limits could not be read');
  readonly #tallied: { readonly [W in keyof Tallied]: (label: string, by: number) => void } = {
    limit: beginTally(this.registry, {
      name: 'rekey_limit_hits_total',
      help: 'Calls, letters and texts that met a full limit',
      label: 'limit',
      known: LIMITS,
    }),
    delivered: beginTally(this.registry, {
      name: 'rekey_deliveries_total',
      help: 'Letters and texts that were taken over',
      label: 'channel',
      known: CHANNELS,
    }),
    delivery_failed: beginTally(this.registry, {
      name: 'rekey_delivery_failures_total',
      help: 'Tries of letters and texts that failed and are repeated',
      label: 'channel',
      known: CHANNELS,
    }),
    unexpected_error: beginTally(this.registry, UNEXPECTED),
    // `job` is the label that Prometheus gives to what it scrapes. The worker begins these at 0: it knows their names.
    job_failed: beginTally(this.registry, {
      name: 'rekey_job_failures_total',
      help: 'Failures of the jobs of the worker',
      label: 'name',
      known: [],
    }),
  };
  #levels: { readonly at: number; readonly read: Promise<StoreLevels | null> } | null = null;

  /**
   * @param levels reads the stores; null leaves them out.
   * @param processes how many of a node should tell their numbers together.
   */
  constructor(
    private readonly levels: (() => Promise<StoreLevels>) | null,
    processes = 1,
  ) {
    collectDefaultMetrics({ register: this.registry });
    this.#showSlowest();
    watchStatements((verb, seconds, hasFailed) =>
      this.#statements.observe({ verb, outcome: hasFailed ? 'failed' : 'ok' }, seconds),
    );
    watchTally((what, label, by) => this.#tallied[what](label, by));
    this.#gauge('rekey_hashing_running', 'Passwords being hashed', () => hashPoolStats().inFlight, 'sum');
    this.#gauge('rekey_hashing_queued', 'Passwords that wait to be hashed', () => hashPoolStats().queued, 'sum');
    this.#gauge('rekey_processes', 'Processes of the node whose numbers are in these', () => 1, 'sum');
    this.#gauge('rekey_processes_wanted', 'Processes that the node should have', () => processes, 'max');
    this.#logLinesLost();
    this.#store('rekey_outbox_waiting', 'Letters and texts that are not settled', 'outboxWaiting');
    this.#store('rekey_outbox_age_seconds', 'How long ago the oldest of them was asked for', 'outboxAgeSeconds');
    this.#store('rekey_outbox_overdue_seconds', 'How long no worker has taken one that is due', 'outboxOverdueSeconds');
    this.#store('rekey_outbox_undeliverable', 'Letters given up in the last day', 'outboxUndeliverable');
    this.#store('rekey_open_flags', 'Flags that nobody has decided', 'openFlags');
    this.#store('rekey_unjudged_events', 'Events that no rule has judged', 'unjudgedEvents');
    this.#store('rekey_support_requests_waiting', 'Requests for help not decided', 'supportWaiting');
    this.#store('rekey_support_requests_overdue', 'Of those, the ones past their time', 'supportOverdue');
    this.#store('rekey_clock_drift_seconds', "How far this node's clock is from the database's", 'clockDriftSeconds');
    this.#gauge(
      'rekey_database_up',
      'Whether the database answered',
      async () => ((await this.#read()) ? 1 : 0),
      'min',
    );
  }

  countRequest(route: string, status: number, seconds: number): void {
    this.#requests.observe({ route, status: String(status) }, seconds);
  }

  countField(type: string, field: string, outcome: string, seconds: number): void {
    this.#fields.observe({ type, field, outcome }, seconds);
  }

  countRefused(code: string): void {
    this.#refused.inc({ code });
  }

  /** The same log, whose full limits and failures are counted. */
  watched(log: HitLog): HitLog {
    return {
      hit: async (ctx: Context, key: string, rule: Rule): Promise<Hit> => {
        try {
          const hit = await log.hit(ctx, key, rule);
          if (hit.before >= rule.max) this.#tallied.limit(rule.name, 1);
          return hit;
        } catch (error) {
          this.#limitFailures.inc();
          throw error;
        }
      },
    };
  }

  /** The page that Prometheus reads. */
  text(): Promise<string> {
    return this.registry.metrics();
  }

  /** Null where the database did not answer; asked once for all gauges, and for all who scrape within ten seconds. */
  #read(): Promise<StoreLevels | null> {
    if (!this.#levels || performance.now() - this.#levels.at > LEVELS_AGE_MS) {
      const read = this.levels ? this.levels().catch(() => null) : Promise.resolve(null);
      this.#levels = { at: performance.now(), read };
    }
    return this.#levels.read;
  }

  #store(name: string, help: string, level: keyof StoreLevels): void {
    // Every process reads the same database, and those of a node the same clock: their numbers are one number.
    this.#gauge(name, help, async () => (await this.#read())?.[level] ?? NaN, 'max');
  }

  #gauge(name: string, help: string, read: () => number | Promise<number>, aggregator: 'sum' | 'max' | 'min'): void {
    new Gauge({
      name,
      help,
      aggregator,
      registers: [this.registry],
      async collect() {
        this.set(await read());
      },
    });
  }

  /** prom-client takes the mean over processes, where one that stalls would hide among the others. */
  #showSlowest(): void {
    for (const metric of this.registry.getMetricsAsArray()) {
      const told = metric as { name: string; aggregator?: Aggregator };
      if (told.name.startsWith('nodejs_eventloop_lag_') && told.aggregator === 'average') told.aggregator = 'max';
    }
  }

  /** Taken over when the numbers are read, by whoever reads them: this process, or the primary of several. */
  #logLinesLost(): void {
    new Counter({
      name: 'rekey_log_lines_lost_total',
      help: 'Log lines that could not be written',
      registers: [this.registry],
      collect() {
        this.inc(brokenLogWrites());
      },
    });
  }

  #histogram<L extends string>(name: string, help: string, labelNames: readonly L[]): Histogram<L> {
    return new Histogram({ name, help, labelNames, buckets: BUCKETS, registers: [this.registry] });
  }

  #counter<L extends string>(name: string, help: string, labelNames: readonly L[] = []): Counter<L> {
    return new Counter({ name, help, labelNames, registers: [this.registry] });
  }
}

interface Tally {
  readonly name: string;
  readonly help: string;
  readonly label: string;
  readonly known: readonly string[];
}

/** Begins each known label at 0, so that the first one counted is a rise and not the beginning of a series. */
function beginTally(registry: Registry, { name, help, label, known }: Tally): (value: string, by: number) => void {
  const counter = new Counter({ name, help, labelNames: [label], registers: [registry] });
  for (const value of known) counter.inc({ [label]: value }, 0);
  return (value, by) => counter.inc({ [label]: value }, by);
}

/** What the primary of several processes counts itself: what stopped in it, and processes that died, which tell no more. */
export function openPrimaryNumbers(): Registry {
  const registry = new Registry();
  const count = beginTally(registry, UNEXPECTED);
  watchTally((what, label, by) => {
    if (what === 'unexpected_error') count(label, by);
  });
  return registry;
}

/** The numbers of a process whose stores are those of this context. */
export const openMetrics = (ctx: Context): Metrics =>
  new Metrics(() => readStoreLevels(ctx), cluster.isWorker ? ctx.config.WORKERS : 1);
