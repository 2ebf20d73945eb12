/**
 * Every word on the pages stands in this folder. To translate them: copy the folder, keep the names, change the words,
 * and name the copy in `vite.config.ts` and `tsconfig.json`; the compiler says what is missing. Functions take numbers
 * and names, and plural forms are theirs to choose. The words of letters are in the `messages.ts` of each feature.
 */
export const locale = 'en';

export const minutes = (n: number) => (n === 1 ? '1 minute' : `${n} minutes`);

export const count = (n: number, one: string, many = `${one}s`) =>
  `${n.toLocaleString(locale)} ${n === 1 ? one : many}`;

/** Such as "90 seconds", "2 minutes", "24 hours". */
export const duration = (seconds: number) => {
  if (seconds > 0 && seconds % 3600 === 0) return count(seconds / 3600, 'hour');
  if (seconds < 120) return count(seconds, 'second');
  if (seconds < 7200) return count(Math.round(seconds / 60), 'minute');
  return count(Math.round(seconds / 3600), 'hour');
};

export const wait = (seconds?: number) =>
  seconds ? `Try again in ${duration(seconds)}.` : 'Try again in a little while.';
