/** Column forms that every table shares. */
import { timestamp } from 'drizzle-orm/pg-core';

/** An instant, to the millisecond: JavaScript keeps no more, and a cursor must compare as it was read. */
export const instantColumn = (name: string) => timestamp(name, { withTimezone: true, precision: 3, mode: 'date' });
