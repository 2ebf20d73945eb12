/**
 * The pages behind the other letters. Each asks for a click before it acts: programs that open every link of a letter
 * to look for malware must not decide anything for its owner.
 */
import { useState, type ReactNode } from 'react';
import { Link } from 'react-router';
import { texts } from '#texts/entry';
import { dropFragmentToken, useFragmentToken, type TokenPath } from '../core/fragment-token';
import { isProblem, type ProblemLike } from '../core/problems';
import { announce } from '../core/session-signals';
import { send } from '../core/transport';
import { useTask } from '../core/use-task';
import {
  CancelManualResetDocument,
  ConfirmEmailChangeDocument,
  DisownSecurityEventDocument,
} from '../generated/entry/graphql';
import { Button } from '../ui/button';
import { Notice, ProblemNotice } from '../ui/notice';
import { EntryPage } from '../ui/page';

interface Words {
  title: string;
  intro: string;
  submit: string;
  doneTitle: string;
  done: string;
}

interface LetterActionProps {
  path: TokenPath;
  words: Words;
  look?: 'main' | 'danger';
  details?: ReactNode;
  next: { to: string; label: string };
  act: (token: string) => Promise<{ __typename: string } | null>;
  onDone?: () => void;
}

function LetterAction({ path, words, look = 'main', details, next, act, onDone }: LetterActionProps) {
  const token = useFragmentToken(path);
  const [isDone, setDone] = useState(false);
  const [problem, setProblem] = useState<ProblemLike | null>(null);
  const task = useTask();
  const home = (
    <Link className="button wide quiet" to="/">
      {texts.letterLink.home}
    </Link>
  );

  if (isDone) {
    return (
      <EntryPage title={words.doneTitle}>
        <Notice tone="success">{words.done}</Notice>
        <Link className="button wide" to={next.to}>
          {next.label}
        </Link>
      </EntryPage>
    );
  }
  if (!token) {
    return (
      <EntryPage title={texts.letterLink.missingTitle} intro={texts.letterLink.missing}>
        {home}
      </EntryPage>
    );
  }
  if (problem?.code === 'TOKEN_INVALID') {
    return (
      <EntryPage title={texts.letterLink.invalidTitle} intro={texts.letterLink.invalid}>
        {home}
      </EntryPage>
    );
  }
  const submit = () =>
    task.run(async () => {
      const outcome = await act(token);
      if (!outcome) return;
      if (isProblem(outcome as ProblemLike)) setProblem(outcome as ProblemLike);
      else {
        dropFragmentToken(path);
        setDone(true);
        onDone?.();
      }
    });
  return (
    <EntryPage title={words.title} intro={words.intro}>
      {details}
      <ProblemNotice problem={problem} />
      <Button wide look={look} isBusy={task.isBusy} onClick={() => void submit()}>
        {words.submit}
      </Button>
    </EntryPage>
  );
}

export function ConfirmEmail() {
  return (
    <LetterAction
      path="/confirm-email"
      words={texts.confirmEmail}
      next={{ to: '/', label: texts.signIn.goOn }}
      act={async (token) => (await send(ConfirmEmailChangeDocument, { input: { token } })).confirmEmailChange}
    />
  );
}

export function CancelReset() {
  return (
    <LetterAction
      path="/cancel-reset"
      words={texts.cancelReset}
      next={{ to: '/', label: texts.letterLink.home }}
      act={async (token) => (await send(CancelManualResetDocument, { input: { token } })).cancelManualReset}
    />
  );
}

export function NotMe() {
  return (
    <LetterAction
      path="/not-me"
      words={texts.notMe}
      look="danger"
      next={{ to: '/forgot-password', label: texts.notMe.reset }}
      details={
        <div className="stack tight">
          <ul className="numbered">
            {texts.notMe.steps.map((step) => (
              <li key={step}>{step}</li>
            ))}
          </ul>
          <p className="soft">{texts.notMe.after}</p>
        </div>
      }
      act={async (token) => (await send(DisownSecurityEventDocument, { input: { token } })).disownSecurityEvent}
      onDone={() => void announce('signed-out')}
    />
  );
}
