/**
 * A supergraph on this machine, with one command: Rekey, orders, reviews, and Apollo's gateway in front (`npm run example -- hive`:
 * Hive Gateway). The gateway listens on PORT (4100), Rekey on the port after it. Ends with Ctrl-C; keeps nothing.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startOrders, startReviews } from '../support/federation/orders.js';
import { compose } from './compose.js';

const gatewayKind = process.argv[2] === 'hive' ? 'hive' : 'apollo';
const here = fileURLToPath(new URL('.', import.meta.url));
const root = join(here, '../..');
const folder = mkdtempSync(join(tmpdir(), 'rekey-example-'));
const gatewayPort = Number(process.env.PORT ?? 4100);
const rekeyPort = gatewayPort + 1;
const rekeyUrl = `http://localhost:${rekeyPort}`;
const gatewayUrl = `http://localhost:${gatewayPort}/graphql`;
const routerSecret = randomBytes(32).toString('base64url');

/** The programs that run, each with the promise of its end. */
const running = new Map();
let isStopping = false;

/** Resolves with the exit status. */
function run(script, args, cwd, env) {
  const child = spawn(process.execPath, [script, ...args], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = once(child, 'exit').then(([status]) => {
    running.delete(child);
    return status;
  });
  running.set(child, ended);
  return ended;
}

/** For what should run until all ends. */
async function keep(name, ...program) {
  const status = await run(...program);
  if (!isStopping) await stop(1, `${name} ended (exit status ${status}).`);
}

async function stop(status, message = '') {
  if (isStopping) return;
  isStopping = true;
  if (message) console.error(message);
  const ends = [...running.values()];
  for (const child of running.keys()) child.kill('SIGTERM');
  // A gateway may wait for connections that its clients keep open.
  setTimeout(() => running.forEach((_, child) => child.kill('SIGKILL')), 3000);
  await Promise.all(ends);
  rmSync(folder, { recursive: true, force: true });
  process.exit(status);
}
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => void stop(0));

async function refuseTakenPort(port) {
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening').catch(() => {
    throw new Error(`Port ${port} is taken. Choose two free ones that follow each other: PORT=5100 npm … run example`);
  });
  server.close();
}

async function answers(url) {
  while (!isStopping) {
    const isUp = await fetch(url).then(
      ({ status }) => status < 500,
      () => false,
    );
    if (isUp) return;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

async function startAll() {
  for (const port of [gatewayPort, rekeyPort]) await refuseTakenPort(port);
  if ((await run('src/build.js', [], root, {})) !== 0) throw new Error('The build failed.');
  const settings = {
    APP_ENV: 'development',
    PORT: String(rekeyPort),
    DATA_DIR: join(folder, 'rekey'),
    ROUTER_SECRETS: routerSecret,
    IDENTITY_AUDIENCES: 'orders',
    ALLOWED_ORIGINS: `http://localhost:${gatewayPort}`,
    TRUSTED_PROXIES: '127.0.0.1,::1',
    LOG_LEVEL: 'warn',
  };
  void keep('Rekey', 'dist/main.js', ['serve'], root, settings);
  await answers(`${rekeyUrl}/readyz`);

  const answer = await fetch(`${rekeyUrl}/federation`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${routerSecret}` },
    body: JSON.stringify({ query: '{ _service { sdl } }' }),
  });
  const { sdl } = (await answer.json()).data._service;
  const services = await Promise.all([
    startOrders({ jwksUrl: `${rekeyUrl}/.well-known/jwks.json`, issuer: rekeyUrl }),
    startReviews(),
  ]);
  const supergraph = join(folder, 'supergraph.graphql');
  const accounts = { name: 'accounts', url: `${rekeyUrl}/federation`, sdl };
  writeFileSync(supergraph, compose(gatewayKind, [accounts, ...services]));
  void keep('The gateway', `${gatewayKind}-gateway.js`, [], here, {
    SUPERGRAPH: supergraph,
    PORT: String(gatewayPort),
    REKEY_URL: rekeyUrl,
    ROUTER_SECRET: routerSecret,
    APOLLO_TELEMETRY_DISABLED: '1',
  });
  await answers(gatewayUrl);
}

try {
  console.log('Starting Rekey, orders, reviews and the gateway…');
  await startAll();
} catch (error) {
  await stop(1, error.message);
}
if (!isStopping) {
  console.log(`
  The supergraph is at ${gatewayUrl} (mailbox: ${rekeyUrl}/mailbox). In another window:

graphql() { curl -sS -b jar -c jar ${gatewayUrl} -H 'content-type: application/json' -d "$1"; echo; }

# Rekey's part, through the gateway: the session comes as a cookie.
graphql '{"query": "mutation ($input: SignInInput!) { signIn(input: $input) { __typename } }",
          "variables": {"input": {"email": "demo@example.org", "password": "seven purple lanterns glow"}}}'

# Orders knows who is calling from the assertion alone.
graphql '{"query": "mutation { placeOrder(item: \\"Tea\\") { item customer { displayName } } }"}'

# One query that crosses all three.
graphql '{"query": "{ viewer { email account { displayName orders { item } mayReview } } }"}'

  End with Ctrl-C.
`);
}
