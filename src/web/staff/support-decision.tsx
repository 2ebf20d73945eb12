import { useState, type FormEvent } from 'react';
import { accountTexts } from '#texts/account';
import { staffTexts } from '#texts/staff';
import { useAction } from '../account/use-action';
import { fieldErrors, type ProblemLike } from '../core/problems';
import {
  ConfirmSupportDecisionDocument,
  DecideSupportRequestDocument,
  type SupportDecision,
  type SupportDeliveryTarget,
} from '../generated/staff/graphql';
import { Button } from '../ui/button';
import { CheckField, SelectField, TextField } from '../ui/field';
import { Notice, ProblemNotice } from '../ui/notice';
import { nameOf } from './parts';
import type { SupportCase } from './support-case';

const words = staffTexts.supportCase;
const targets = Object.keys(words.targets) as SupportDeliveryTarget[];

function DecisionProblem({ problem }: { problem: ProblemLike | null }) {
  if (problem?.code === 'CONFLICT') return <Notice tone="warning">{words.conflict}</Notice>;
  const left = problem?.availableChannels as (keyof typeof accountTexts.security.channels)[] | undefined;
  return (
    <ProblemNotice problem={problem}>
      {left && (
        <p>
          {words.channelsLeft(
            left.map((channel) => accountTexts.security.channels[channel]).join(', ') || staffTexts.none,
          )}
        </p>
      )}
    </ProblemNotice>
  );
}

/** Approve, with where the link goes and how the person was identified, or reject. */
export function DecideSupport({ request }: { request: SupportCase }) {
  const [decision, setDecision] = useState<SupportDecision>('APPROVE');
  const [deliverTo, setDeliverTo] = useState<SupportDeliveryTarget>('NOTIFICATION_CHANNEL');
  const [removeSecondFactors, setRemove] = useState(false);
  const [note, setNote] = useState('');
  const [noteError, setNoteError] = useState<string>();
  const { act, isBusy, problem } = useAction();
  const isApproval = decision === 'APPROVE';

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const isMissing = isApproval && !note.trim();
    setNoteError(isMissing ? staffTexts.casePage.noteNeeded : undefined);
    if (isMissing) return;
    const extras = isApproval ? { deliverTo, removeSecondFactors } : {};
    await act(DecideSupportRequestDocument, {
      input: { supportRequestId: request.id, decision, note: note.trim() || null, ...extras },
    });
  };
  const error = noteError ?? fieldErrors(problem)['note'];
  const choices: [SupportDecision, string][] = [
    ['APPROVE', words.approve],
    ['REJECT', words.reject],
  ];
  return (
    <form className="stack" onSubmit={(event) => void submit(event)} noValidate>
      {!error && <DecisionProblem problem={problem} />}
      <fieldset className="stack tight">
        <legend className="visually-hidden">{words.decide}</legend>
        {choices.map(([option, label]) => (
          <label className="choice" key={option}>
            <input type="radio" name="decision" checked={decision === option} onChange={() => setDecision(option)} />
            <span>{label}</span>
          </label>
        ))}
      </fieldset>
      {isApproval && (
        <>
          <SelectField
            label={words.deliverTo}
            value={deliverTo}
            options={targets
              .filter((target) => target !== 'REQUEST_CONTACT' || request.contact)
              .map((target) => [target, words.targets[target] ?? target] as const)}
            onPick={(value) => setDeliverTo(value as SupportDeliveryTarget)}
          />
          {deliverTo === 'REQUEST_CONTACT' && <Notice tone="warning">{words.unverified}</Notice>}
          <CheckField
            label={words.removeFactors}
            hint={words.removeFactorsHint}
            checked={removeSecondFactors}
            onChange={(event) => setRemove(event.target.checked)}
          />
        </>
      )}
      <TextField
        label={words.note}
        hint={words.noteHint}
        maxLength={2000}
        value={note}
        onChange={(event) => setNote(event.target.value)}
        error={error}
      />
      <Button type="submit" isBusy={isBusy}>
        {words.submit}
      </Button>
    </form>
  );
}

/** The second staff member's part. */
export function ConfirmSupport({ request, isOwn }: { request: SupportCase; isOwn: boolean }) {
  const [note, setNote] = useState('');
  const { act, isBusy, problem } = useAction();
  if (isOwn) return <p className="soft">{words.confirmOwn}</p>;
  const decide = (confirm: boolean) =>
    void act(ConfirmSupportDecisionDocument, {
      input: { supportRequestId: request.id, confirm, note: note.trim() || null },
    });
  const error = fieldErrors(problem)['note'];
  return (
    <div className="stack">
      {request.resolution && <p>{words.confirmIntro(nameOf(request.resolution.decidedBy))}</p>}
      <Plan request={request} />
      {!error && <DecisionProblem problem={problem} />}
      <TextField
        label={words.confirmNote}
        isOptional
        maxLength={2000}
        value={note}
        onChange={(event) => setNote(event.target.value)}
        error={error}
      />
      <div className="row">
        <Button isBusy={isBusy} onClick={() => decide(true)}>
          {words.confirm}
        </Button>
        <Button look="danger-quiet" isBusy={isBusy} onClick={() => decide(false)}>
          {words.refuse}
        </Button>
      </div>
    </div>
  );
}

/** What the approval would do, for the one who confirms it. */
function Plan({ request }: { request: SupportCase }) {
  if (!request.deliverTo) return null;
  return (
    <dl className="facts-list">
      <dt>{words.deliverTo}</dt>
      <dd>{words.targets[request.deliverTo] ?? request.deliverTo}</dd>
      {request.removesSecondFactors && (
        <>
          <dt>{accountTexts.security.factors.title}</dt>
          <dd>{words.factorsGo}</dd>
        </>
      )}
    </dl>
  );
}
