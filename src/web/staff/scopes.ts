/** The names of the permissions, as the contract's `@requiresScopes` has them. */
export const scopes = {
  readAccounts: 'accounts:read',
  reviewAccounts: 'accounts:review',
  reviewSupport: 'support:review',
  readAudit: 'audit:read',
} as const;
