/** Names in the environment that are nearly ours: a limit with a misspelt name would otherwise stay at its default in silence. */

export interface UnreadName {
  readonly name: string;
  /** The variable that is probably meant; null where none is near. */
  readonly meant: string | null;
}

/** What no other program's variables begin with. Not SESSION_, which desktops use (SESSION_MANAGER), nor SMS_ or QR_. */
const OURS = /^(?:LIMIT|FLAG|MANUAL_RESET|RESET_LINK|SIGN_UP|SESSION_2FA|SESSION_STAFF)_/;
/** Shorter names have too many neighbours that others use: HOST and HOSTS, SMS_URL and SQS_URL. */
const SHORTEST = 8;
/** From this length on two slips may be one name. In a shorter one they may not: DATABASE_URL and DATABASE_SSL. */
const LONG = 14;

/**
 * Those of the names `set` that are not `known` and look as if they were meant to be: they begin as ours alone do, or
 * are a slip away, that is, one letter too many, too few, wrong, or in its neighbour's place; never the first letter.
 */
export function unreadNames(set: readonly string[], known: readonly string[]): UnreadName[] {
  const all = new Set(known.flatMap((name) => [name, `${name}_FILE`]));
  const comparable = known.filter(({ length }) => length >= SHORTEST).flatMap((name) => [name, `${name}_FILE`]);
  const found: UnreadName[] = [];
  for (const name of set.filter((one) => !all.has(one))) {
    const [nearest] = comparable
      .map((other) => ({ other, slips: slipsBetween(name, other) }))
      .filter(({ other, slips }) => slips <= (other.length >= LONG ? 2 : 1))
      .sort((one, two) => one.slips - two.slips);
    if (nearest || OURS.test(name)) found.push({ name, meant: nearest?.other ?? null });
  }
  return found;
}

/** The optimal string alignment distance; Infinity where more than two cannot be meant. */
function slipsBetween(one: string, two: string): number {
  if (one[0] !== two[0] || Math.abs(one.length - two.length) > 2) return Infinity;
  let [before, last]: [number[], number[]] = [[], Array.from({ length: two.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= one.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= two.length; j += 1) {
      const swapped = one[i - 1] === two[j - 2] && one[i - 2] === two[j - 1] ? before[j - 2] : undefined;
      row[j] = Math.min(
        at(last, j) + 1,
        at(row, j - 1) + 1,
        at(last, j - 1) + (one[i - 1] === two[j - 1] ? 0 : 1),
        swapped === undefined ? Infinity : swapped + 1,
      );
    }
    [before, last] = [last, row];
  }
  return at(last, two.length);
}

const at = (row: readonly number[], index: number): number => row[index] ?? Infinity;
