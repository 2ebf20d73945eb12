import { useState, type FormEvent } from 'react';
import { Link } from 'react-router';
import { texts } from '#texts/entry';
import { useEntryState } from '../core/entry-state';
import { fieldErrors, isProblem, type ProblemLike } from '../core/problems';
import { fullTime } from '../core/time';
import { send } from '../core/transport';
import { useTask } from '../core/use-task';
import { RequestManualResetDocument, type RequestManualResetMutation } from '../generated/entry/graphql';
import { Button } from '../ui/button';
import { CopyButton } from '../ui/copy-button';
import { Field, TextField } from '../ui/field';
import { Notice, ProblemNotice } from '../ui/notice';
import { EntryPage } from '../ui/page';
import { looksLikeAddress } from './sign-in-steps';

type Accepted = Extract<RequestManualResetMutation['requestManualReset'], { __typename: 'RequestManualResetAccepted' }>;

/** For people whom no automatic way helps: a person looks at it. The answer is the same for every address. */
export function Support() {
  const entry = useEntryState();
  const [email, setEmail] = useState(entry.email ?? '');
  const [contact, setContact] = useState('');
  const [message, setMessage] = useState('');
  const [error, setError] = useState<string>();
  const [problem, setProblem] = useState<ProblemLike | null>(null);
  const [accepted, setAccepted] = useState<Accepted | null>(null);
  const task = useTask();

  const ask = () =>
    task.run(async () => {
      const input = { email: email.trim(), contact: contact.trim() || null, message: message.trim() || null };
      const { requestManualReset: outcome } = await send(RequestManualResetDocument, { input });
      if (!outcome) return;
      setProblem(isProblem(outcome) ? outcome : null);
      if (outcome.__typename === 'RequestManualResetAccepted') setAccepted(outcome);
    });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (looksLikeAddress(email)) void ask();
    else setError(texts.problems.invalidEmail);
  };

  const foot = (
    <Link to="/sign-in" state={{ email }}>
      {texts.forgot.backToSignIn}
    </Link>
  );
  if (accepted) {
    return (
      <EntryPage title={texts.support.doneTitle} foot={foot}>
        <Notice tone="success">{texts.support.due(fullTime(accepted.dueAt))}</Notice>
        <div className="quiet-block stack tight">
          <p className="soft small">{texts.support.reference}</p>
          <div className="row spread">
            <p className="reference">{accepted.reference}</p>
            <CopyButton text={accepted.reference} label={texts.support.copy} done={texts.support.copied} />
          </div>
        </div>
        <p className="soft">{texts.support.keep}</p>
      </EntryPage>
    );
  }
  const errors = fieldErrors(problem);
  return (
    <EntryPage title={texts.support.title} intro={texts.support.intro} foot={foot}>
      <form className="stack" onSubmit={submit} noValidate>
        {Object.keys(errors).length === 0 && <ProblemNotice problem={problem} />}
        <Field
          label={texts.support.email}
          type="email"
          name="email"
          autoComplete="email"
          autoCapitalize="none"
          spellCheck={false}
          required
          value={email}
          onChange={(event) => {
            setEmail(event.target.value);
            setError(undefined);
          }}
          error={error ?? errors['email']}
        />
        <Field
          label={texts.support.contact}
          hint={texts.support.contactHint}
          isOptional
          name="contact"
          autoComplete="tel"
          maxLength={200}
          value={contact}
          onChange={(event) => setContact(event.target.value)}
          error={errors['contact']}
        />
        <TextField
          label={texts.support.message}
          hint={texts.support.messageHint}
          isOptional
          name="message"
          maxLength={2000}
          value={message}
          onChange={(event) => setMessage(event.target.value)}
          error={errors['message']}
        />
        <Button type="submit" wide isBusy={task.isBusy}>
          {texts.support.submit}
        </Button>
      </form>
    </EntryPage>
  );
}
