/** What a rule saw: how many events stood in its window at each moment. Pure, in seconds since the epoch. */

export interface WindowCounts {
  times: number[];
  counts: number[];
}

/**
 * The number of events in the `windowSeconds` before each moment something changed: an event came, or one fell out of
 * the window. Ends where the last event falls out.
 */
export function countsInWindow(eventTimes: readonly number[], windowSeconds: number): WindowCounts {
  const changes = new Map<number, number>();
  for (const time of eventTimes) {
    changes.set(time, (changes.get(time) ?? 0) + 1);
    changes.set(time + windowSeconds, (changes.get(time + windowSeconds) ?? 0) - 1);
  }
  const times = [...changes.keys()].sort((a, b) => a - b);
  let count = 0;
  const counts = times.map((time) => (count += changes.get(time) ?? 0));
  return { times, counts };
}

/** The window of the rule when it last counted: it ends with the last event. */
export const lastWindow = (lastEventAt: string, windowSeconds: number) => {
  const end = Date.parse(lastEventAt) / 1000;
  return { start: end - windowSeconds, end };
};
