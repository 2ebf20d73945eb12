/** Where to go after signing in. Only listed paths count: nothing from outside may choose a target. */
const plain = ['/', '/security', '/qr'];
const staff = /^\/staff(\/(queue|support|accounts|audit))?$|^\/staff\/(flags|support|accounts)\/[\w-]{1,128}$/;

export const isReturnPath = (path: unknown): path is string =>
  typeof path === 'string' && (plain.includes(path) || staff.test(path));

export const returnPath = (path: unknown): string => (isReturnPath(path) ? path : '/');
