/** Where a request comes from, as far as this server can know. */
import type { FastifyRequest } from 'fastify';
import ipaddr from 'ipaddr.js';
import type { Config } from '../base/config.js';

type Parsed = ipaddr.IPv4 | ipaddr.IPv6;

interface Address {
  readonly text: string;
  readonly isTrusted: boolean;
}

/** So many addresses are remembered; the oldest goes first. */
const MOST_REMEMBERED = 10_000;
/** The longest that an IPv6 address without a zone can be. */
const LONGEST = 45;

/**
 * The connection's address, or the last untrusted entry of `X-Forwarded-For` where the connection comes from a trusted
 * proxy. No other header counts.
 */
export function clientAddress(config: Config, request: FastifyRequest): string | null {
  const known = addressesOf(config);
  let address = known.find(request.socket.remoteAddress ?? '');
  if (!address?.isTrusted) return address?.text ?? null;
  const forwarded = String(request.headers['x-forwarded-for'] ?? '').split(',');
  while (address.isTrusted && forwarded.length > 0) {
    const next = known.find((forwarded.pop() ?? '').trim());
    if (next === null) break;
    address = next;
  }
  return address.text;
}

/** IPv4 whole; IPv6 by /64, since one line has that many addresses. */
export function networkOf(ip: string | null): string {
  if (ip === null) return 'unknown';
  if (!ip.includes(':')) return ip;
  return `${ipaddr.IPv6.parse(ip)
    .parts.slice(0, 4)
    .map((part) => part.toString(16))
    .join(':')}::/64`;
}

/** What is known of addresses under one list of proxies. Read anew each time, they took 5 % of `{ __typename }` (run). */
class Addresses {
  readonly #trusted: readonly [Parsed, number][];
  readonly #remembered = new Map<string, Address>();

  constructor(proxies: readonly string[]) {
    this.#trusted = proxies.map((range) => {
      if (range.includes('/')) return ipaddr.parseCIDR(range);
      const one = ipaddr.process(range);
      return [one, one.kind() === 'ipv4' ? 32 : 128];
    });
  }

  /** Null for what is no address. */
  find(text: string): Address | null {
    return this.#remembered.get(text) ?? this.#read(text);
  }

  #read(text: string): Address | null {
    if (!ipaddr.isValid(text)) return null;
    const parsed = ipaddr.process(text);
    const isTrusted = this.#trusted.some(([base, bits]) => base.kind() === parsed.kind() && parsed.match(base, bits));
    const address = { text: parsed.toString(), isTrusted };
    if (text.length <= LONGEST) this.#remember(text, address);
    return address;
  }

  #remember(text: string, address: Address): void {
    // A copy: as a part of a header, the text would keep all of that header in memory.
    this.#remembered.set(Buffer.from(text).toString(), address);
    if (this.#remembered.size > MOST_REMEMBERED)
      this.#remembered.delete(this.#remembered.keys().next().value as string);
  }
}

const ofConfig = new WeakMap<Config, Addresses>();

function addressesOf(config: Config): Addresses {
  const known = ofConfig.get(config) ?? new Addresses(config.TRUSTED_PROXIES);
  ofConfig.set(config, known);
  return known;
}
