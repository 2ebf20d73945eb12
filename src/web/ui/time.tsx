import { fullTime, relativeTime } from '../core/time';

/** An instant in relative words, with the exact time for those who ask. */
export function Ago({ at }: { at: string }) {
  return (
    <time dateTime={at} title={fullTime(at)}>
      {relativeTime(at)}
    </time>
  );
}
