/** Rows that only exist together, since one transaction writes them. Each answers accounts or counts that break that. */

/** Events of an account `a` that satisfy a condition. */
const events = (condition: string): string =>
  `(select count(*) from security_events e where e.account_id = a.id and ${condition})`;
const audits = (condition: string): string => `(select count(*) from audit_entries u where ${condition})`;
const letters = (message: string): string =>
  `(select count(*) from outbox o where o.account_id = a.id and o.message = '${message}')`;

const ofAccounts: Record<string, string> = {
  'an account without a password': `select id from accounts a where not exists (select 1 from passwords p where p.account_id = a.id)`,
  'an account that is not created exactly once': `select a.id from accounts a where 1 <> ${events(`e.kind = 'account_created'`)}`,
  'an epoch raised without its event, or an event without its epoch': `select a.id from accounts a
    where a.credential_epoch - 1 <> ${events(`(e.kind in ('password_changed', 'password_reset', 'account_locked',
      'account_unlocked', 'password_reset_forced', 'event_disowned', 'role_changed', 'account_closed')
      or e.kind = 'session_revoked' and (e.by_staff or e.details ? 'sessions'))`)}`,
  'a session of a later epoch than its account': `select s.id from sessions s join accounts a on a.id = s.account_id where s.epoch > a.credential_epoch`,
  'a session without its sign-in, or a sign-in without its session': `select 1 from sessions s full join
      (select * from security_events where kind = 'signed_in') e on e.session_id = s.id and e.account_id = s.account_id
    where s.id is null or e.id is null`,
  'a session that ended without its event': `select s.id from sessions s where s.revoked_at is not null and not exists (
    select 1 from security_events e where e.account_id = s.account_id and e.occurred_at = s.revoked_at)`,
  'a closed account without its event, or the other way round': `select a.id from accounts a
    where (a.closed_at is not null) <> (0 < ${events(`e.kind = 'account_closed'`)})`,
  'a lock that does not match the last event': `select a.id from accounts a where (a.locked_at is not null) <> coalesce(
    (select e.kind = 'account_locked' from security_events e where e.account_id = a.id
      and e.kind in ('account_locked', 'account_unlocked') order by e.occurred_at desc limit 1), false)`,
  'a password made void without its event, or the other way round': `select a.id from accounts a
    where a.password_reset_required <> coalesce(
      (select e.kind <> 'password_reset' from security_events e where e.account_id = a.id
        and e.kind in ('password_reset_forced', 'event_disowned', 'password_reset') order by e.occurred_at desc limit 1), false)`,
};

const ofFactors: Record<string, string> = {
  'passkeys that do not match their events': `select a.id from accounts a where a.closed_at is null
    and (select count(*) from passkeys p where p.account_id = a.id and p.removed_at is null) <> (select coalesce(sum(case e.kind
      when 'passkey_added' then 1 when 'passkey_removed' then -1 else 0 end), 0) from security_events e where e.account_id = a.id)`,
  'second factors that do not match their events': `select a.id from accounts a where a.closed_at is null
    and (select count(*) from second_factors f where f.account_id = a.id and f.confirmed_at is not null and f.removed_at is null)
      <> (select coalesce(sum(case e.kind when 'second_factor_added' then 1 when 'second_factor_removed' then -1 else 0 end), 0)
          from security_events e where e.account_id = a.id)`,
  'a recovery code used without its event, or the other way round': `select a.id from accounts a
    where (select count(*) from recovery_codes c where c.account_id = a.id and c.used_at is not null)
      <> ${events(`e.kind = 'recovery_code_used'`)}`,
  'recovery codes that are no whole set': `select account_id from recovery_codes where removed_at is null
    group by 1 having count(*) <> 10`,
  'a challenge used without its sign-in, or the other way round': `select a.id from accounts a
    where (select count(*) from challenges c where c.account_id = a.id and c.purpose = 'sign_in' and c.used_at is not null)
      <> ${events(`e.kind = 'signed_in' and e.details->>'method' = 'PASSWORD_AND_SECOND_FACTOR'`)}`,
  'a QR code that was decided without its event': `select q.id from qr_requests q
    where (q.approved_at is not null) <> exists (select 1 from security_events e where e.kind = 'qr_sign_in_approved'
        and e.details->>'requestId' = q.id)
      or (q.denied_at is not null) <> exists (select 1 from security_events e where e.kind = 'qr_sign_in_denied'
        and e.details->>'requestId' = q.id)`,
  'a QR code claimed without its session': `select a.id from accounts a
    where (select count(*) from qr_requests q where q.account_id = a.id and q.claimed_at is not null)
      > (select count(*) from sessions s where s.account_id = a.id and s.method = 'QR_CODE')`,
};

/** Told to the owner in the transaction of the event, always. */
const ALWAYS_TOLD = `(e.kind in ('account_created', 'password_changed', 'password_reset', 'email_change_requested',
  'email_changed', 'notification_channel_changed', 'second_factor_added', 'second_factor_removed', 'passkey_added',
  'passkey_removed', 'recovery_codes_regenerated', 'recovery_code_used', 'qr_sign_in_approved', 'account_locked',
  'account_unlocked', 'account_closed', 'password_reset_forced', 'role_changed')
  or e.kind = 'session_revoked' and e.by_staff or e.kind = 'phone_number_changed' and e.details->>'step' <> 'set')`;
/** Told where the account was used before, or where it was not told within the hour, or where the link went out at once. */
const SOMETIMES_TOLD = `e.kind in ('signed_in', 'second_factor_failed', 'manual_reset_decided')`;

/** Whether the account was locked when the event happened: then no link leaves. */
const WAS_LOCKED = `coalesce((select l.kind = 'account_locked' from security_events l where l.account_id = e.account_id
  and l.kind in ('account_locked', 'account_unlocked') and l.occurred_at < e.occurred_at
  order by l.occurred_at desc limit 1), false)`;

const ofLetters: Record<string, string> = {
  'an event without its notice, or a notice without its event': `select a.id from accounts a
    where ${letters('security_notice')} not between ${events(ALWAYS_TOLD)} and ${events(`(${ALWAYS_TOLD} or ${SOMETIMES_TOLD})`)}`,
  'a notice of what did not happen': `select o.id from outbox o where o.message = 'security_notice' and o.done_at is null
    and not exists (select 1 from security_events e where e.id = o.payload->>'eventId' and e.account_id = o.account_id)`,
  'requests and letters that do not match': `select 1 from (select
      (select count(*) from security_events where kind = 'password_reset_requested' and session_id is null) as events,
      (select count(*) from outbox where message = 'password_reset') as letters) n where n.events <> n.letters`,
  'links that were asked for or decided, and letters that do not match': `select a.id from accounts a
    where ${letters('password_reset_link')} <> ${events(`(e.kind = 'password_reset_requested' and e.session_id is not null
      or e.kind = 'password_reset_forced' and not ${WAS_LOCKED})`)} + (select count(*) from support_requests r
      where r.account_id = a.id and r.status = 'APPROVED')`,
  'codes to telephones and letters that do not match': `select a.id from accounts a
    where ${letters('phone_code')} <> ${events(`e.kind = 'phone_number_changed' and e.details->>'step' = 'set'`)}`,
  'changes of address and letters that do not match': `select a.id from accounts a
    where ${letters('email_change')} <> ${events(`e.kind = 'email_change_requested'`)}
      or ${letters('email_change')} <> (select count(*) from email_changes c where c.account_id = a.id)`,
  'a dead letter': `select message, attempts, last_error, dead_at - created_at as age, expires_at < dead_at as is_late from outbox where dead_at is not null`,
};

/** What staff decided on an account: at once, or with a flag. */
const decided = (action: string, decision: string): string =>
  `${audits(`u.subject_account_id = a.id and u.action = '${action}'`)}
    + (select count(*) from account_flags f where f.account_id = a.id and f.decision = '${decision}')`;

const ofFlags: Record<string, string> = {
  'a flag that its history does not tell of': `select f.id from account_flags f left join lateral (select
      count(*) filter (where kind = 'RAISED') as raised, count(*) filter (where kind = 'CLAIMED') as claimed,
      count(*) filter (where kind = 'RELEASED') as released, count(*) filter (where kind = 'RESOLVED') as resolved
      from flag_actions h where h.flag_id = f.id) h on true
    where h.raised <> 1 or h.resolved <> (f.status = 'RESOLVED')::int or h.claimed - h.released <> (f.status <> 'OPEN')::int`,
  'a step of staff on a flag that the audit does not have, or the other way round': `select f.id from account_flags f
    where (select count(*) from flag_actions h where h.flag_id = f.id and h.by is not null)
      <> ${audits(`u.details->>'flagId' = f.id and u.action in ('flagAccount', 'claimFlag', 'releaseFlag', 'resolveFlag')`)}`,
  'a decision that was not carried out, or an effect without a decision': `select a.id from accounts a
    where ${events(`e.kind = 'account_locked'`)} <> ${decided('lockAccount', 'LOCK_ACCOUNT')}
      or ${events(`e.kind = 'account_unlocked'`)} <> ${audits(`u.subject_account_id = a.id and u.action = 'unlockAccount'`)}
      or ${events(`e.kind = 'password_reset_forced'`)} <> ${decided('forcePasswordReset', 'FORCE_PASSWORD_RESET')}
      or a.closed_at is null
        and ${events(`e.kind = 'session_revoked' and e.by_staff`)} <> ${decided('revokeAllSessions', 'REVOKE_SESSIONS')}`,
  'what was disowned without flag, letter or used link': `select a.id from accounts a
    where ${events(`e.kind = 'event_disowned'`)} <> ${letters('account_secured')}
      or ${events(`e.kind = 'event_disowned'`)} <> (select count(*) from flag_actions h join account_flags f on f.id = h.flag_id
        where f.account_id = a.id and f.reason = 'OWNER_REPORT' and h.kind in ('RAISED', 'ADDED_TO'))
      or (select count(*) from disown_tokens t where t.account_id = a.id and t.used_at is not null)
        > ${events(`e.kind = 'event_disowned'`)}
      or exists (select 1 from disown_tokens t where t.account_id = a.id and t.used_at is not null
        and 0 = ${events(`e.kind = 'event_disowned' and e.details->>'eventId' = t.event_id`)})`,
  'an audit with a gap or a broken chain': `select 1 from audit_entries u full join audit_entries p on p.sequence + 1 = u.sequence
    where u.sequence > (select min(sequence) from audit_entries) and (p.sequence is null or p.hash <> u.previous_hash)`,
};

/** The audit entries of one request for help. */
const steps = (action: string): string => audits(`u.details->>'supportRequestId' = r.id and u.action = '${action}'`);

const ofRequests: Record<string, string> = {
  'requests for help, their events and their letters that do not match': `select 1 from (select
      (select count(*) from support_requests) as filed,
      (select count(*) from security_events where kind = 'manual_reset_requested') as events,
      (select count(*) from outbox where message = 'manual_reset_received') as letters) n
    where filed <> events or filed <> letters`,
  'a step on a request that the audit does not have, or the other way round': `select r.id from support_requests r
    where ${steps('claimSupportRequest')} <> (r.claimed_at is not null)::int
      or ${steps('decideSupportRequest')} <> (r.decided_at is not null)::int
      or ${steps('confirmSupportDecision')} <> (r.confirmed_at is not null)::int
      or ${steps('releaseManualReset')} <> (r.status = 'APPROVED' and r.confirmed_at is not null)::int`,
  'a request decided without its event or letter': `select a.id from accounts a left join lateral (select
      count(*) filter (where r.confirmed_at is not null or r.status in ('APPROVED', 'REJECTED')) as decided,
      count(*) filter (where r.status = 'CANCELLED' and r.cancelled_at < r.released_at) as cancelled,
      count(*) filter (where r.released_at is not null) as held, count(*) filter (where r.status = 'REJECTED') as rejected
      from support_requests r where r.account_id = a.id) r on true
    where ${events(`e.kind = 'manual_reset_decided' and e.by_staff`)} <> r.decided
      or ${events(`e.kind = 'manual_reset_decided' and e.details ? 'cancelled'`)} <> r.cancelled
      or ${letters('manual_reset_hold')} <> r.held or ${letters('manual_reset_rejected')} <> r.rejected`,
};

export const together: Readonly<Record<string, string>> = {
  ...ofAccounts,
  ...ofFactors,
  ...ofLetters,
  ...ofFlags,
  ...ofRequests,
};
