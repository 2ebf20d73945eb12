import { useState, type FormEvent } from 'react';
import { accountTexts } from '#texts/account';
import { texts } from '#texts/entry';
import { countdown, clockTime, relativeTime, useSecondsUntil } from '../core/time';
import { serverNow } from '../core/transport';
import {
  ChangePasswordDocument,
  SendPasswordResetLinkDocument,
  type NotificationChannel,
  type SentFragment,
} from '../generated/account/graphql';
import { Button } from '../ui/button';
import { PasswordField, SelectField } from '../ui/field';
import { NewPassword } from '../ui/new-password';
import { Notice, ProblemNotice } from '../ui/notice';
import { Section, type Features, type Policy, type Settings } from './section';
import { useAction } from './use-action';

const words = accountTexts.security.password;

export function PasswordSection(props: { viewer: Settings; policy: Policy; features: Features }) {
  const { viewer } = props;
  return (
    <Section id="password" title={words.title} intro={words.intro}>
      {viewer.passwordChangedAt ? (
        <>
          <p>{words.changedAt(relativeTime(viewer.passwordChangedAt))}</p>
          <ChangePassword {...props} />
        </>
      ) : (
        <p>{words.none}</p>
      )}
      <SendResetLink {...props} />
    </Section>
  );
}

function ChangePassword({ viewer, policy }: { viewer: Settings; policy: Policy }) {
  const [isOpen, setOpen] = useState(false);
  const [currentPassword, setCurrent] = useState('');
  const [newPassword, setNew] = useState('');
  const [rejected, setRejected] = useState<string | null>(null);
  const [done, setDone] = useState<number | null>(null);
  const { act, isBusy, problem } = useAction();

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (!currentPassword || !newPassword) return;
    const outcome = await act(ChangePasswordDocument, { input: { currentPassword, newPassword } });
    if (outcome?.__typename === 'PasswordRejectedProblem') setRejected(newPassword);
    if (outcome?.__typename !== 'ChangePasswordSuccess') return;
    setDone(outcome.revokedSessionCount);
    setCurrent('');
    setNew('');
    setOpen(false);
  };
  if (!isOpen) {
    return (
      <>
        {done !== null && <Notice tone="success">{words.changed(done)}</Notice>}
        <div>
          <Button onClick={() => setOpen(true)}>{words.submit}</Button>
        </div>
      </>
    );
  }
  const isWrongPassword = problem?.code === 'INVALID_CREDENTIALS';
  const isRejection = problem?.code === 'PASSWORD_REJECTED';
  return (
    <form className="card stack" onSubmit={(event) => void submit(event)}>
      <input type="email" name="username" autoComplete="username" value={viewer.email} readOnly hidden />
      {!isWrongPassword && !isRejection && <ProblemNotice problem={problem} />}
      <PasswordField
        label={texts.password.current}
        name="current-password"
        autoComplete="current-password"
        autoFocus
        required
        value={currentPassword}
        onChange={(event) => setCurrent(event.target.value)}
        error={isWrongPassword ? texts.problems.wrongPassword : undefined}
      />
      <NewPassword
        policy={policy}
        value={newPassword}
        onChange={setNew}
        problem={problem}
        rejectedValue={rejected}
        context={[viewer.email, viewer.account.displayName ?? '']}
      />
      <div className="row">
        <Button type="submit" isBusy={isBusy}>
          {words.submit}
        </Button>
        <Button look="quiet" onClick={() => setOpen(false)}>
          {texts.cancel}
        </Button>
      </div>
    </form>
  );
}

function SendResetLink({ viewer, features }: { viewer: Settings; features: Features }) {
  const [picked, setPicked] = useState<NotificationChannel | null>(null);
  const [delivery, setDelivery] = useState<SentFragment | null>(null);
  const [canResendAt, setCanResendAt] = useState<number | null>(null);
  const seconds = useSecondsUntil(canResendAt);
  const { act, isBusy, problem } = useAction();
  const channels = viewer.availableNotificationChannels.filter((it) => features.notificationChannels.includes(it));
  const wanted = picked ?? viewer.notificationChannel;
  const channel = channels.includes(wanted) ? wanted : (channels[0] ?? wanted);

  const sendLink = async () => {
    const outcome = await act(SendPasswordResetLinkDocument, { input: { channel } });
    if (outcome?.__typename !== 'SendPasswordResetLinkSuccess') return;
    setDelivery(outcome.delivery);
    setCanResendAt(serverNow() + outcome.delivery.resendAfterSeconds * 1000);
  };
  return (
    <div className="quiet-block stack">
      <div>
        <h3>{words.linkTitle}</h3>
        <p className="soft small">{words.linkIntro}</p>
      </div>
      {delivery && (
        <Notice tone="success">{words.linkSent(delivery.maskedDestination, clockTime(delivery.expiresAt))}</Notice>
      )}
      <ProblemNotice problem={problem} />
      {channels.length > 1 && (
        <SelectField
          label={words.linkChannel}
          value={channel}
          options={channels.map((it) => [it, accountTexts.security.channels[it]] as const)}
          onPick={(value) => setPicked(value as NotificationChannel)}
        />
      )}
      <div>
        {seconds > 0 ? (
          <p className="soft small">{words.linkAgain(countdown(seconds))}</p>
        ) : (
          <Button look="quiet" isBusy={isBusy} onClick={() => void sendLink()}>
            {words.link}
          </Button>
        )}
      </div>
    </div>
  );
}
