/** Whether two samples of times can be told apart. */

/**
 * The area under the ROC curve by Mann and Whitney: the chance that a random time of `right` is longer than one of
 * `left`, ties counting half. 0.5 means that nobody can tell them apart.
 */
export function areaUnderCurve(left: readonly number[], right: readonly number[]): number {
  const all = [
    ...left.map((value) => ({ value, isRight: false })),
    ...right.map((value) => ({ value, isRight: true })),
  ];
  all.sort((a, b) => a.value - b.value);
  let rankSum = 0;
  for (let start = 0; start < all.length;) {
    let end = start;
    while (end < all.length && all[end]?.value === all[start]?.value) end += 1;
    const rank = (start + 1 + end) / 2;
    for (let i = start; i < end; i += 1) if (all[i]?.isRight) rankSum += rank;
    start = end;
  }
  return (rankSum - (right.length * (right.length + 1)) / 2) / (left.length * right.length);
}

/** for 1 000 pairs. With no difference at all, |AUC − 0.5| exceeds it in one run of two thousand. */
export const BOUND_FOR_1000_PAIRS = 0.045;

/** The same confidence for fewer pairs: the standard error goes with the square root. */
export const boundFor = (pairs: number): number => BOUND_FOR_1000_PAIRS * Math.sqrt(1000 / pairs);

export const median = (values: readonly number[]): number => quantile(values, 0.5);

export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

/** Times two kinds of request in turns, so that what slows the machine slows both; which goes first changes. */
export async function interleave(
  pairs: number,
  left: (index: number) => Promise<number>,
  right: (index: number) => Promise<number>,
): Promise<{ left: number[]; right: number[] }> {
  const times = { left: [] as number[], right: [] as number[] };
  for (let i = 0; i < pairs; i += 1) {
    const leftFirst = i % 2 === 0;
    if (leftFirst) times.left.push(await left(i));
    times.right.push(await right(i));
    if (!leftFirst) times.left.push(await left(i));
  }
  return times;
}
