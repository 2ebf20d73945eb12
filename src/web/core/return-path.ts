/** Where to go after signing in. Only listed paths count: nothing from outside may choose a target. */
const plain = ['/', '/security', '/qr'];
const staff = /^\/staff(\/(queue|support|accounts|audit))?$|^\/staff\/(flags|support|accounts)\/[\w-]{1,128}$/;

/** What filters are written with: no other address and no script fits in there. */
const search = /^\?[\w=&%.+-]{0,500}$/;

export function isReturnPath(place: unknown): place is string {
  if (typeof place !== 'string') return false;
  const at = place.indexOf('?');
  const path = at < 0 ? place : place.slice(0, at);
  return (plain.includes(path) || staff.test(path)) && (at < 0 || search.test(place.slice(at)));
}

export const returnPath = (path: unknown): string => (isReturnPath(path) ? path : '/');
