/** How what happened to an account speaks GraphQL: to its owner and to staff alike. */
import type { ListedEvent } from '../security-events/list.js';
import { describeDevice } from '../security-events/device.js';
import { regionOf } from '../security-events/region.js';
import type { EdgeContext } from './edge-context.js';
import { connection, type Connection, type Page, type Position } from './paging.js';
import type { SecurityEvent } from './types/security-events.js';

/** An event with its device, as far as the request told. */
export function eventOf(ctx: EdgeContext, event: ListedEvent): SecurityEvent {
  const { id, kind, occurredAt, byStaff, hasDevice, userAgent, ip } = event;
  const device = hasDevice ? describeDevice(userAgent, ip, regionOf(ctx, ip)) : null;
  return { id, kind, occurredAt, device, byStaff };
}

/** A page of events: `found` is what `listEvents` gave for `page`. */
export function eventConnection(
  ctx: EdgeContext,
  page: Page,
  found: readonly ListedEvent[],
): Connection<SecurityEvent> {
  return connection(ctx, page, found, eventPosition, (event) => eventOf(ctx, event));
}

const eventPosition = ({ occurredAt, id }: ListedEvent): Position => [occurredAt.getTime(), id];

/** What `listEvents` takes as `after`. */
export function afterEvent({ after }: Page): { atMs: number; id: string } | null {
  const [atMs, id] = (after ?? []) as [number, string];
  return after && { atMs, id };
}
