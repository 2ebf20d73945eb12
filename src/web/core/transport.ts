/**
 * The one door to the server. Every operation, Apollo's included, goes through `post`, so an ended session, a busy
 * server and an unexpected failure are handled in this one place whichever page asked.
 */
import { texts } from '#texts/entry';
import { endOutage, showBanner } from './banners';
import { sessionEnded } from './session-signals';

interface GraphQLFailure {
  message: string;
  path?: (string | number)[];
  extensions?: { code?: string; retryAfterSeconds?: number; reference?: string };
}

export interface Answer<Data = Record<string, unknown>> {
  data?: Data | null;
  errors?: GraphQLFailure[];
}

export interface Request {
  /** Its hash in the manifest of trusted documents, where the service takes no others. */
  documentId?: string | undefined;
  operationName?: string | undefined;
  query: string;
  variables?: object | undefined;
}

/** A failure that has already been told to the person; whoever asked only has to stop. */
export class Fault extends Error {
  constructor(readonly code: string) {
    super(code);
  }
}

/** How far the server's clock is ahead of this device's, so that a countdown is right on a device with a wrong clock. */
let clockSkew = 0;
export const serverNow = (): number => Date.now() + clockSkew;

const longestAutomaticWait = 5;
const outages = ['UNREACHABLE', 'UNAVAILABLE', 'BUSY'];
const pause = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

export async function post<Data>(request: Request, signal?: AbortSignal): Promise<Answer<Data>> {
  const answer = await exchange<Data>(request, signal);
  const failure = answer.errors?.[0];
  const { code, retryAfterSeconds } = failure?.extensions ?? {};
  const isRead = !request.query.trimStart().startsWith('mutation');
  const isPassing = code === 'BUSY' || code === 'UNAVAILABLE';
  // A read may be repeated without harm; whether to repeat a mutation is the person's decision.
  if (isRead && isPassing && retryAfterSeconds !== undefined && retryAfterSeconds <= longestAutomaticWait) {
    await pause(retryAfterSeconds);
    return report(await exchange<Data>(request, signal));
  }
  return report(answer);
}

/** The hash that the generated documents carry. */
export function documentId(document: object): string | undefined {
  const { hash } = (document as { __meta__?: { hash?: unknown } }).__meta__ ?? {};
  return typeof hash === 'string' ? hash : undefined;
}

/** Run an operation of the entry pages. Nothing is cached: those pages show no one's data and handle secrets. */
export async function send<Data, Variables extends object>(
  document: String & { __apiType?: (variables: Variables) => Data; __meta__?: Record<string, unknown> | undefined },
  variables?: Variables,
  signal?: AbortSignal,
): Promise<Data> {
  const query = document.toString();
  const operationName = /(?:query|mutation) (\w+)/.exec(query)?.[1];
  const answer = await post<Data>({ documentId: documentId(document), operationName, query, variables }, signal);
  if (answer.errors?.length || !answer.data) throw new Fault(answer.errors?.[0]?.extensions?.code ?? 'UNKNOWN');
  return answer.data;
}

async function exchange<Data>(request: Request, signal?: AbortSignal): Promise<Answer<Data>> {
  let response: Response;
  try {
    response = await fetch('/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json, application/json' },
      body: JSON.stringify(request),
      credentials: 'same-origin',
      cache: 'no-store',
      signal: signal ?? null,
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    return { errors: [{ message: 'unreachable', extensions: { code: 'UNREACHABLE' } }] };
  }
  readClock(response);
  try {
    const answer = (await response.json()) as Answer<Data>;
    if (answer.data || answer.errors?.length) return answer;
  } catch {
    // Not JSON: a proxy's page, most likely.
  }
  const wait = Number(response.headers.get('retry-after'));
  const code = response.status === 429 ? 'RATE_LIMITED' : response.status >= 500 ? 'UNAVAILABLE' : 'UNREADABLE';
  return {
    errors: [{ message: code, extensions: wait > 0 ? { code, retryAfterSeconds: wait } : { code } }],
  };
}

function readClock(response: Response): void {
  const date = Date.parse(response.headers.get('date') ?? '');
  if (Number.isNaN(date)) return;
  const skew = date - Date.now();
  // The header knows whole seconds only; small differences are noise.
  clockSkew = Math.abs(skew) > 5000 ? skew : 0;
}

/** Tell the person what the top-level error means. */
function report<Data>(answer: Answer<Data>): Answer<Data> {
  const failure = answer.errors?.[0];
  if (!failure) {
    endOutage();
    return answer;
  }
  const { code = 'UNKNOWN', retryAfterSeconds, reference } = failure.extensions ?? {};
  const isOutage = outages.includes(code);
  if (code === 'UNAUTHENTICATED') void sessionEnded();
  else showBanner({ tone: 'error', text: faultText(code, retryAfterSeconds, reference), isOutage });
  return answer;
}

function faultText(code: string, retryAfterSeconds?: number, reference?: string): string {
  const faults = texts.faults;
  switch (code) {
    case 'BUSY':
      return faults.busy(retryAfterSeconds);
    case 'UNAVAILABLE':
      return faults.unavailable(retryAfterSeconds);
    case 'RATE_LIMITED':
      return faults.rateLimited(retryAfterSeconds);
    case 'FORBIDDEN':
      return faults.forbidden;
    case 'UNREACHABLE':
      return faults.unreachable;
    default:
      return faults.unexpected(reference);
  }
}
