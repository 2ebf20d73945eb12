import { texts } from '#texts/entry';
import { staffTexts } from '#texts/staff';
import { shortTime } from '../core/time';
import type { AccountStandingFragment } from '../generated/staff/graphql';
import { Ago } from '../ui/time';
import { nameOf, StatusBadge } from './parts';

const words = staffTexts.accountPage;

/** How an account stands, for the case and for its own page. */
export function AccountFacts({ account }: { account: AccountStandingFragment }) {
  const { lock, secondFactorMethods: methods } = account;
  return (
    <dl className="facts-list">
      <dt>{words.status}</dt>
      <dd>
        <StatusBadge status={account.status} />
      </dd>
      {lock && (
        <>
          <dt>{words.lock}</dt>
          <dd>
            {staffTexts.lockReasons[lock.reason]}
            <div className="soft small">
              {words.lockedBy(lock.lockedBy ? nameOf(lock.lockedBy) : words.operator, shortTime(lock.lockedAt))}
              {lock.expiresAt && `, ${words.until(shortTime(lock.expiresAt))}`}
            </div>
            {lock.note && <p className="small">{lock.note}</p>}
          </dd>
        </>
      )}
      <dt>{words.created}</dt>
      <dd>{account.createdAt ? shortTime(account.createdAt) : staffTexts.unknown}</dd>
      <dt>{words.lastSignIn}</dt>
      <dd>{account.lastSignInAt ? <Ago at={account.lastSignInAt} /> : staffTexts.never}</dd>
      <dt>{words.factors}</dt>
      <dd>
        {methods && methods.length > 0
          ? methods.map((method) => texts.factor.methods[method] ?? method).join(', ')
          : staffTexts.none}
      </dd>
      <dt>{words.sessions}</dt>
      <dd>{account.activeSessionCount ?? staffTexts.unknown}</dd>
    </dl>
  );
}
