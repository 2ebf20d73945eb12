/** What staff may do: read from the role at every request, and empty until the session proved a second factor. */
import type { Config } from '../base/config.js';
import type { Actor, StaffRole } from '../base/context.js';

export type Scope = 'accounts:read' | 'accounts:review' | 'accounts:flag' | 'support:review' | 'audit:read';

const scopesOfRole: Record<StaffRole, readonly Scope[]> = {
  support: ['accounts:read', 'support:review'],
  reviewer: ['accounts:read', 'support:review', 'accounts:review'],
  admin: ['accounts:read', 'support:review', 'accounts:review', 'audit:read'],
};

const rank: Record<StaffRole, number> = { support: 1, reviewer: 2, admin: 3 };

export function requiresPasskey(config: Config): boolean {
  return config.STAFF_REQUIRE_PASSKEY ?? config.APP_ENV === 'production';
}

/** The scopes of whoever acts. Staff rights need a second factor; a passkey where the installation says so. */
export function scopesOf(actor: Actor, config: Config): readonly string[] {
  if (actor.kind === 'service') return actor.scopes;
  if (actor.kind !== 'person' || actor.role === null || !actor.twoFactor) return [];
  if (requiresPasskey(config) && !actor.usedPasskey) return [];
  return scopesOfRole[actor.role];
}

/** Nobody acts on themselves, nor on an equal or higher role. */
export function mayActOn(actor: Actor, target: { id: string; role: StaffRole | null }): boolean {
  if (actor.kind !== 'person') return true;
  if (actor.accountId === target.id || actor.role === null) return false;
  return target.role === null || rank[actor.role] > rank[target.role];
}
