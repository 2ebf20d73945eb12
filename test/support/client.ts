/** A browser or native app: keeps cookies or a bearer token, and speaks GraphQL over HTTP from an address of its own. */
import type { FastifyInstance } from 'fastify';
import type { Config } from '../../src/base/config.js';

export interface ClientOptions {
  /** The address it connects from; each client has its own unless said otherwise. */
  readonly ip?: string;
  readonly userAgent?: string;
  readonly bearer?: string;
  /** An app and no browser: names no origin. */
  readonly isNative?: boolean;
}

export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | number | undefined>;
  /** The body as text: for comparing answers byte for byte. */
  readonly text: string;
  readonly body: GraphqlBody;
}

// Test code reads answers by path; their shape is the contract's business.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Data = Record<string, any>;

export interface GraphqlBody {
  readonly data?: Data | null;
  readonly errors?: readonly { message: string; extensions: { code: string; retryAfterSeconds?: number } }[];
}

export interface Client {
  readonly cookies: Map<string, string>;
  readonly ip: string;
  bearer: string | null;
  /** Sends a document; answers whatever came back. */
  send(query: string, variables?: Record<string, unknown>, headers?: Record<string, string>): Promise<Answer>;
  /** Sends a document that must not fail; answers its data. */
  graphql(query: string, variables?: Record<string, unknown>): Promise<Data>;
  /** Calls one mutation with its input and a selection on the result union; answers the outcome. */
  call(mutation: string, input: Record<string, unknown> | null, selection?: string): Promise<Data>;
}

let clients = 0;

/** An address of 10.0.0.0/8 that no other client has. */
function nextIp(): string {
  clients += 1;
  return `10.${(clients >> 16) & 255}.${(clients >> 8) & 255}.${clients & 255}`;
}

export function createClient(http: FastifyInstance, config: Config, options: ClientOptions = {}): Client {
  const cookies = new Map<string, string>();
  const ip = options.ip ?? nextIp();
  const client: Client = {
    cookies,
    ip,
    bearer: options.bearer ?? null,
    async send(query, variables = {}, headers = {}) {
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
      const response = await http.inject({
        method: 'POST',
        url: '/graphql',
        remoteAddress: ip,
        headers: {
          'content-type': 'application/json',
          accept: 'application/graphql-response+json, application/json',
          ...(!options.isNative && { origin: config.publicUrl }),
          'user-agent': options.userAgent ?? 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
          ...(cookie && { cookie }),
          ...(client.bearer && { authorization: `Bearer ${client.bearer}` }),
          ...headers,
        },
        payload: JSON.stringify({ query, variables }),
      });
      for (const { name, value, maxAge } of response.cookies) {
        if (value === '' || maxAge === 0) cookies.delete(name);
        else cookies.set(name, value);
      }
      const body = response.body.startsWith('{') ? (JSON.parse(response.body) as GraphqlBody) : {};
      return { status: response.statusCode, headers: response.headers, text: response.body, body };
    },
    async graphql(query, variables) {
      const { body, text } = await client.send(query, variables);
      if (!body.data || body.errors) throw new Error(`The request failed: ${text}`);
      return body.data;
    },
    async call(mutation, input, selection = '') {
      const type = `${mutation[0]?.toUpperCase()}${mutation.slice(1)}`;
      const problems = WITHOUT_PROBLEMS.has(mutation) ? '' : '... on Problem { code message }';
      const outcome = `{ __typename ${selection} ${problems} ${PROBLEM_DETAILS[mutation] ?? ''} }`;
      const document =
        input === null
          ? `mutation { ${mutation} ${outcome} }`
          : `mutation ($input: ${type}Input!) { ${mutation}(input: $input) ${outcome} }`;
      const { body, text } = await client.send(document, input === null ? {} : { input });
      const answer = body.data?.[mutation] as Data | undefined;
      if (!answer) throw new Error(`${mutation} failed: ${text}`);
      return answer;
    },
  };
  return client;
}

/** Their unions have one member: GraphQL refuses to ask it for what it can never be. */
const WITHOUT_PROBLEMS = new Set(['signOut', 'revokeOtherSessions']);

/** Details that many tests look at, by mutation. */
const PROBLEM_DETAILS: Record<string, string> = {
  signIn: '... on RateLimitProblem { retryAfterSeconds } ... on SignInBlockedProblem { reason }',
  completePasswordReset: '... on PasswordRejectedProblem { violations { rule message } }',
  changePassword: '... on PasswordRejectedProblem { violations { rule message } }',
  completeSignUp: '... on PasswordRejectedProblem { violations { rule message } }',
};
