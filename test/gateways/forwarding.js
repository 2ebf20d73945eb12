/**
 * What a router does beside routing: to Rekey it shows its credential and passes the client's cookies on; to every other service it
 * brings an assertion about who is calling, and nothing that the client said of itself.
 */
const { REKEY_URL = 'http://127.0.0.1:4000', ROUTER_SECRET = '' } = process.env;
const routerAuthorization = `Bearer ${ROUTER_SECRET}`;

/** @param {string} subgraph @param {Request['headers']} client @param {string} address of the client's connection */
export async function headersFor(subgraph, client, address) {
  if (subgraph !== 'accounts') return { 'x-rekey-identity': await identityOf(client) };
  return { ...sessionHeaders(client), 'x-forwarded-for': address };
}

function sessionHeaders(client) {
  const token = /^Bearer (\S+)$/i.exec(client.get('authorization') ?? '')?.[1];
  const copied = ['cookie', 'origin', 'sec-fetch-site', 'user-agent'].map((name) => [name, client.get(name)]);
  return {
    ...Object.fromEntries(copied.filter(([, value]) => value !== null)),
    authorization: routerAuthorization,
    ...(token && { 'x-rekey-session': token }),
  };
}

/** Once for each request of a client, however many services it is joined from. */
const known = new WeakMap();

function identityOf(client) {
  if (client.get('cookie') === null && client.get('authorization') === null) return undefined;
  if (!known.has(client)) known.set(client, askRekey(client));
  return known.get(client);
}

async function askRekey(client) {
  const answer = await fetch(`${REKEY_URL}/identity`, { method: 'POST', headers: sessionHeaders(client) });
  return answer.headers.get('x-rekey-identity') ?? undefined;
}

/** Several cookies that were joined into one header, apart again. */
export const splitCookies = (joined) => joined.split(/,(?=\s*[^;,\s]+=)/).map((cookie) => cookie.trim());
