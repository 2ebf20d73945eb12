import { useState } from 'react';
import { accountTexts } from '#texts/account';
import { texts } from '#texts/entry';
import { relativeTime } from '../core/time';
import { DisableSecondFactorDocument, type FactorFactsFragment } from '../generated/account/graphql';
import { Button } from '../ui/button';
import { ConfirmDialog } from '../ui/dialog';
import { Notice, ProblemNotice } from '../ui/notice';
import { AddSecondFactor, type EnrollableMethod } from './add-second-factor';
import { RecoveryCodesDialog } from './recovery-codes';
import { Section, type Features, type Settings } from './section';
import { useAction } from './use-action';

const words = accountTexts.security.factors;
const enrollable = ['TOTP', 'SMS', 'EMAIL'] as const satisfies EnrollableMethod[];
const addLabels = { TOTP: words.addTOTP, SMS: words.addSMS, EMAIL: words.addEMAIL };
const nameOf = (factor: FactorFactsFragment) => factor.label ?? texts.factor.methods[factor.method];

export function SecondFactorsSection({ viewer, features }: { viewer: Settings; features: Features }) {
  const [adding, setAdding] = useState<EnrollableMethod | null>(null);
  const [removing, setRemoving] = useState<FactorFactsFragment | null>(null);
  const [newCodes, setNewCodes] = useState<readonly string[] | null>(null);
  const [message, setMessage] = useState<string | null>(null);
  const { act, problem, clearProblem } = useAction();

  const remove = async (factor: FactorFactsFragment) => {
    const outcome = await act(DisableSecondFactorDocument, { input: { secondFactorId: factor.id } });
    if (outcome?.__typename !== 'DisableSecondFactorSuccess') return false;
    setMessage(words.removed);
    return true;
  };
  return (
    <Section id="factors" title={words.title} intro={words.intro}>
      {message && <Notice tone="success">{message}</Notice>}
      {viewer.secondFactors.length === 0 ? (
        <p className="soft">{words.none}</p>
      ) : (
        <ul className="list card compact">
          {viewer.secondFactors.map((factor) => (
            <li key={factor.id}>
              <div className="facts">
                <p className="name">
                  {nameOf(factor)}
                  {factor.label && <span className="badge">{texts.factor.methods[factor.method]}</span>}
                  {!factor.isConfirmed && <span className="badge warning">{words.unconfirmed}</span>}
                </p>
                <p className="soft small">
                  {words.added(relativeTime(factor.createdAt))},{' '}
                  {factor.lastUsedAt ? words.lastUsed(relativeTime(factor.lastUsedAt)) : words.neverUsed}
                </p>
              </div>
              <Button
                look="quiet"
                size="small"
                aria-label={words.removeLabel(nameOf(factor))}
                onClick={() => {
                  clearProblem();
                  setRemoving(factor);
                }}
              >
                {words.remove}
              </Button>
            </li>
          ))}
        </ul>
      )}
      <div className="row">
        {enrollable
          .filter((method) => features.secondFactorMethods.includes(method))
          .map((method) => (
            <Button key={method} look="quiet" onClick={() => setAdding(method)}>
              {addLabels[method]}
            </Button>
          ))}
      </div>
      {adding && (
        <AddSecondFactor
          method={adding}
          viewer={viewer}
          onClose={() => setAdding(null)}
          onAdded={(codes) => {
            setAdding(null);
            setMessage(words.added_);
            if (codes) setNewCodes(codes);
          }}
        />
      )}
      {newCodes && <RecoveryCodesDialog codes={newCodes} email={viewer.email} onClose={() => setNewCodes(null)} />}
      {removing && (
        <ConfirmDialog
          title={words.removeTitle}
          text={words.removeText(nameOf(removing))}
          action={words.remove}
          onConfirm={() => remove(removing)}
          onClose={() => setRemoving(null)}
        >
          <ProblemNotice problem={problem} />
        </ConfirmDialog>
      )}
    </Section>
  );
}
