import { useState, type FormEvent } from 'react';
import { staffTexts } from '#texts/staff';
import { useAction } from '../account/use-action';
import { fieldErrors } from '../core/problems';
import { ResolveFlagDocument, type FlagDecision } from '../generated/staff/graphql';
import { Button } from '../ui/button';
import { TextField } from '../ui/field';
import { Notice, ProblemNotice } from '../ui/notice';

const words = staffTexts.casePage;
const decisions: FlagDecision[] = ['DISMISS', 'REVOKE_SESSIONS', 'FORCE_PASSWORD_RESET', 'LOCK_ACCOUNT'];

/** The decision about a case, with its reason. It is carried out with the decision, both or neither. */
export function CaseDecision({ flagId }: { flagId: string }) {
  const [decision, setDecision] = useState<FlagDecision>('DISMISS');
  const [note, setNote] = useState('');
  const [noteError, setNoteError] = useState<string>();
  const { act, isBusy, problem } = useAction();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const isMissing = decision !== 'DISMISS' && !note.trim();
    setNoteError(isMissing ? words.noteNeeded : undefined);
    if (!isMissing) await act(ResolveFlagDocument, { input: { flagId, decision, note: note.trim() || null } });
  };
  const error = noteError ?? fieldErrors(problem)['note'];
  return (
    <form className="stack" onSubmit={(event) => void submit(event)} noValidate>
      {problem?.code === 'CONFLICT' ? (
        <Notice tone="warning">{words.conflict}</Notice>
      ) : (
        !error && <ProblemNotice problem={problem} />
      )}
      <fieldset className="stack tight">
        <legend className="visually-hidden">{words.decide}</legend>
        {decisions.map((option) => (
          <label className="choice" key={option}>
            <input
              type="radio"
              name="decision"
              checked={decision === option}
              onChange={() => {
                setDecision(option);
                setNoteError(undefined);
              }}
            />
            <span>{words.decisions[option]}</span>
            <span className="hint">{words.decisionHints[option]}</span>
          </label>
        ))}
      </fieldset>
      <TextField
        label={words.note}
        hint={words.noteHint}
        maxLength={2000}
        value={note}
        onChange={(event) => setNote(event.target.value)}
        error={error}
      />
      <Button type="submit" look={decision === 'DISMISS' ? 'main' : 'danger'} isBusy={isBusy}>
        {words.submit}
      </Button>
    </form>
  );
}
