/** Other services that may call, by client credentials, and the keys that sign what they are told. */
import { jsonb, pgTable, text } from 'drizzle-orm/pg-core';
import { instantColumn } from '../base/columns.js';

export const serviceClients = pgTable('service_clients', {
  id: text('id').primaryKey(),
  name: text('name').notNull().unique(),
  digest: text('digest').notNull(),
  scopes: jsonb('scopes').$type<string[]>().notNull(),
  createdAt: instantColumn('created_at').notNull(),
  revokedAt: instantColumn('revoked_at'),
});

/** Keys that sign identity assertions. The newest active one signs; the others still verify until they are retired. */
export const signingKeys = pgTable('signing_keys', {
  id: text('id').primaryKey(),
  publicJwk: jsonb('public_jwk').$type<Record<string, unknown>>().notNull(),
  /** The private key, sealed. */
  privateJwk: text('private_jwk').notNull(),
  createdAt: instantColumn('created_at').notNull(),
  /** From when it signs: published before, so that every verifier has it. */
  activeFrom: instantColumn('active_from').notNull(),
  retiredAt: instantColumn('retired_at'),
});
