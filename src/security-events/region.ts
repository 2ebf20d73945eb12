/** The region of an address, where the operator has put a file in MaxMind form (`GEO_DATABASE`). */
import { readFileSync } from 'node:fs';
import { Reader, type CityResponse } from 'maxmind';
import type { Context } from '../base/context.js';
import { describeError } from '../base/log.js';

/** Read once for each process; null for a file that cannot be read. */
const readers = new Map<string, Reader<CityResponse> | null>();

/** Such as `Oslo, Norway`; null when unknown. */
export function regionOf(ctx: Pick<Context, 'config' | 'log'>, ip: string | null): string | null {
  const file = ctx.config.GEO_DATABASE;
  if (file === null || ip === null) return null;
  const place = readerOf(ctx, file)?.get(ip);
  const names = [place?.city?.names.en, place?.country?.names.en].filter((name) => name !== undefined);
  return names.length > 0 ? names.join(', ') : null;
}

function readerOf(ctx: Pick<Context, 'log'>, file: string): Reader<CityResponse> | null {
  const known = readers.get(file);
  if (known !== undefined) return known;
  let reader: Reader<CityResponse> | null = null;
  try {
    reader = new Reader<CityResponse>(readFileSync(file));
  } catch (error) {
    // Without regions everything else works: said once, and not at each event.
    ctx.log.error({ event: 'geo_database_unreadable', ...describeError(error) });
  }
  readers.set(file, reader);
  return reader;
}
