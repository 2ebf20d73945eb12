/**
 * A supergraph on this machine, with one command: Rekey, orders, reviews, and Apollo's gateway in front (`hive` as the argument:
 * Hive Gateway). Needs `npm ci` here, and `npm install` at the top. Ends with Ctrl-C; keeps nothing.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startOrders, startReviews } from '../support/federation/orders.js';
import { compose } from './compose.js';

const gatewayKind = process.argv[2] === 'hive' ? 'hive' : 'apollo';
const here = fileURLToPath(new URL('.', import.meta.url));
const root = join(here, '../..');
const folder = mkdtempSync(join(tmpdir(), 'rekey-example-'));
const rekeyUrl = 'http://localhost:4000';
const gatewayUrl = 'http://localhost:4100';
const routerSecret = randomBytes(32).toString('base64url');
const children = [];

function start(script, args, cwd, env) {
  const child = spawn(process.execPath, [script, ...args], { cwd, env: { ...process.env, ...env }, stdio: 'inherit' });
  children.push(child);
  return child;
}

function stop(status) {
  for (const child of children) child.kill();
  rmSync(folder, { recursive: true, force: true });
  process.exit(status);
}
process.once('SIGINT', () => stop(0));
process.once('SIGTERM', () => stop(0));

async function answers(url) {
  for (let tries = 0; tries < 120; tries += 1) {
    const isUp = await fetch(url).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isUp) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error(`${url} does not answer`);
}

await new Promise((resolve, reject) => {
  start('src/build.js', [], root, {}).once('exit', (code) =>
    code === 0 ? resolve() : reject(new Error('the build failed')),
  );
});
start('dist/main.js', ['serve'], root, {
  APP_ENV: 'development',
  PORT: '4000',
  DATA_DIR: join(folder, 'rekey'),
  ROUTER_SECRETS: routerSecret,
  IDENTITY_AUDIENCES: 'orders',
  ALLOWED_ORIGINS: gatewayUrl,
  TRUSTED_PROXIES: '127.0.0.1,::1',
  LOG_LEVEL: 'warn',
});
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
writeFileSync(
  supergraph,
  compose(gatewayKind, [{ name: 'accounts', url: `${rekeyUrl}/federation`, sdl }, ...services]),
);
start(`${gatewayKind}-gateway.js`, [], here, {
  SUPERGRAPH: supergraph,
  PORT: '4100',
  REKEY_URL: rekeyUrl,
  ROUTER_SECRET: routerSecret,
});

console.log(`
  Sign up at ${rekeyUrl}/sign-up (letters: ${rekeyUrl}/mailbox), then, with that browser's cookie, ask ${gatewayUrl}/graphql:

    mutation { placeOrder(item: "Tea") { item customer { displayName } } }
    { viewer { email account { displayName orders { item } mayReview } } }
`);
