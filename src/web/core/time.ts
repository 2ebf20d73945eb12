/** Instants in a person's words. One locale for all, so that texts and dates speak the same language. */
import { useEffect, useState } from 'react';
import { locale } from '#texts/language';
import { serverNow } from './transport';

const full = new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeStyle: 'short' });
const short = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' });
const dayTime = new Intl.DateTimeFormat(locale, { month: 'short', day: 'numeric', hour: 'numeric', minute: '2-digit' });
const clock = new Intl.DateTimeFormat(locale, { timeStyle: 'short' });
const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });

export const fullTime = (instant: string): string => full.format(new Date(instant));
export const shortTime = (instant: string): string => short.format(new Date(instant));
/** Of the last weeks: the year goes without saying. */
export const recentTime = (instant: string): string => dayTime.format(new Date(instant));
export const clockTime = (instant: string): string => clock.format(new Date(instant));

const units: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['week', 604_800],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
];

/** Such as "3 minutes ago" or "in 2 hours". */
export function relativeTime(instant: string): string {
  const seconds = (new Date(instant).getTime() - serverNow()) / 1000;
  for (const [unit, size] of units) {
    if (Math.abs(seconds) >= size) return relative.format(Math.trunc(seconds / size), unit);
  }
  return relative.format(0, 'minute');
}

/** Whole seconds until an instant, counted down once a second; never below zero. */
export function useSecondsUntil(instant: string | number | null): number {
  const target = instant === null ? 0 : new Date(instant).getTime();
  const left = () => Math.max(0, Math.ceil((target - serverNow()) / 1000));
  const [seconds, setSeconds] = useState(left);
  useEffect(() => {
    setSeconds(left());
    if (!target) return undefined;
    const timer = setInterval(() => setSeconds(left()), 1000);
    return () => clearInterval(timer);
  }, [target]);
  return seconds;
}

/** Such as "1:05". */
export const countdown = (seconds: number): string =>
  `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
