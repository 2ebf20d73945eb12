import { useQuery } from '@apollo/client/react';
import { useEffect } from 'react';
import { useLocation } from 'react-router';
import { accountTexts } from '#texts/account';
import { SecuritySettingsDocument } from '../generated/account/graphql';
import { Absent } from '../ui/absent';
import { Heading } from '../ui/page';
import { AccountSection } from './account-section';
import { ActivitySection } from './activity-section';
import { ContactSection } from './contact-section';
import { SecondFactorsSection } from './second-factors-section';
import { PasskeysSection } from './passkeys-section';
import { PasswordSection } from './password-section';
import { RecoveryCodesSection } from './recovery-codes';
import { SessionsSection } from './sessions-section';

const words = accountTexts.security;

/** The Security tab. Each section is its own file and its own piece of the contract. */
export function Security() {
  const { data, loading, refetch } = useQuery(SecuritySettingsDocument, { fetchPolicy: 'cache-and-network' });
  const { viewer, securityFeatures: features, passwordPolicy: policy } = data ?? {};
  const isReady = Boolean(viewer && features && policy);
  useWantedSection(isReady);
  if (!viewer || !features || !policy) {
    return <Absent isLoading={loading} onRetry={refetch} />;
  }
  const codesShown = viewer.recoveryCodesRemaining !== null || viewer.secondFactors.length > 0;
  const names: [string, string][] = [
    ['password', words.password.title],
    ['sessions', words.sessions.title],
    ['factors', words.factors.title],
    ...(features.passkeys ? ([['passkeys', words.passkeys.title]] as [string, string][]) : []),
    ...(codesShown ? ([['codes', words.codes.title]] as [string, string][]) : []),
    ['contact', words.contact.title],
    ['activity', words.activity.title],
    ['account', words.account.title],
  ];
  return (
    <>
      <div className="page-head">
        <Heading>{words.title}</Heading>
        <p className="soft">{words.intro}</p>
        <nav aria-label={words.sections}>
          <ul className="section-links">
            {names.map(([id, name]) => (
              <li key={id}>
                <button type="button" onClick={() => showSection(id)}>
                  {name}
                </button>
              </li>
            ))}
          </ul>
        </nav>
      </div>
      <PasswordSection viewer={viewer} policy={policy} features={features} />
      <SessionsSection />
      <SecondFactorsSection viewer={viewer} features={features} />
      {features.passkeys && <PasskeysSection viewer={viewer} />}
      {codesShown && <RecoveryCodesSection viewer={viewer} />}
      <ContactSection viewer={viewer} features={features} />
      <ActivitySection />
      <AccountSection viewer={viewer} />
    </>
  );
}

function showSection(id: string): void {
  const section = document.getElementById(id);
  section?.scrollIntoView();
  section?.querySelector<HTMLElement>('h2')?.focus({ preventScroll: true });
}

/** A link may name the section it means in its state; the fragment of the address belongs to tokens. */
function useWantedSection(isReady: boolean): void {
  const state: unknown = useLocation().state;
  const wanted = typeof state === 'object' && state && 'section' in state ? String(state.section) : null;
  useEffect(() => {
    if (isReady && wanted) showSection(wanted);
  }, [isReady, wanted]);
}
