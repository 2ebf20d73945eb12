import { useState, type FormEvent } from 'react';
import { accountTexts } from '#texts/account';
import { texts } from '#texts/entry';
import { fieldErrors } from '../core/problems';
import {
  ChangeEmailDocument,
  ChooseNotificationChannelDocument,
  type NotificationChannel,
} from '../generated/account/graphql';
import { Button } from '../ui/button';
import { Field } from '../ui/field';
import { Notice, ProblemNotice } from '../ui/notice';
import { PhoneNumber } from './phone-number';
import { Section, type Features, type Settings } from './section';
import { useAction } from './use-action';

const words = accountTexts.security.contact;

export function ContactSection({ viewer, features }: { viewer: Settings; features: Features }) {
  const hasSms = features.notificationChannels.includes('SMS');
  return (
    <Section id="contact" title={words.title} intro={words.intro}>
      <div className="card stack">
        <ChangeEmail viewer={viewer} />
      </div>
      {(hasSms || viewer.phoneNumber) && (
        <div className="card stack">
          <PhoneNumber viewer={viewer} />
        </div>
      )}
      {hasSms && (
        <div className="card stack">
          <Channel viewer={viewer} />
        </div>
      )}
    </Section>
  );
}

function ChangeEmail({ viewer }: { viewer: Settings }) {
  const [isOpen, setOpen] = useState(false);
  const [newEmail, setNewEmail] = useState('');
  const [sent, setSent] = useState<string | null>(null);
  const { act, isBusy, problem } = useAction();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const address = newEmail.trim();
    if (!address) return;
    const outcome = await act(ChangeEmailDocument, { input: { newEmail: address } });
    if (outcome?.__typename !== 'ChangeEmailAccepted') return;
    setSent(words.emailSent(address, outcome.linkLifetimeMinutes));
    setNewEmail('');
    setOpen(false);
  };
  const error = fieldErrors(problem)['newEmail'];
  return (
    <>
      <div className="row spread">
        <div>
          <h3>{words.email}</h3>
          <p className="breakable">{viewer.email}</p>
        </div>
        {!isOpen && (
          <Button look="quiet" size="small" onClick={() => setOpen(true)}>
            {words.changeEmail}
          </Button>
        )}
      </div>
      {sent && <Notice tone="success">{sent}</Notice>}
      {isOpen && (
        <form className="stack" onSubmit={(event) => void submit(event)}>
          {!error && <ProblemNotice problem={problem} />}
          <Field
            label={words.newEmail}
            type="email"
            autoComplete="email"
            autoFocus
            required
            value={newEmail}
            onChange={(event) => setNewEmail(event.target.value)}
            error={error}
          />
          <div className="row">
            <Button type="submit" isBusy={isBusy}>
              {words.sendLink}
            </Button>
            <Button look="quiet" onClick={() => setOpen(false)}>
              {texts.cancel}
            </Button>
          </div>
        </form>
      )}
    </>
  );
}

const channels = ['EMAIL', 'SMS'] as const satisfies NotificationChannel[];

function Channel({ viewer }: { viewer: Settings }) {
  const [isSaved, setSaved] = useState(false);
  /** Shown as chosen at once; what the server then says counts. */
  const [pending, setPending] = useState<NotificationChannel | null>(null);
  const { act, problem } = useAction();
  const choose = async (channel: NotificationChannel) => {
    setSaved(false);
    setPending(channel);
    const outcome = await act(ChooseNotificationChannelDocument, { input: { channel } });
    setPending(null);
    setSaved(outcome?.__typename === 'ChooseNotificationChannelSuccess');
  };
  return (
    <fieldset className="stack tight">
      <legend className="legend">{words.channel}</legend>
      {channels.map((channel) => {
        const id = `channel-${channel}`;
        return (
          <div className="check" key={channel}>
            <input
              type="radio"
              id={id}
              name="channel"
              checked={(pending ?? viewer.notificationChannel) === channel}
              disabled={!viewer.availableNotificationChannels.includes(channel)}
              onChange={() => void choose(channel)}
            />
            <label htmlFor={id}>{accountTexts.security.channels[channel]}</label>
          </div>
        );
      })}
      <ProblemNotice problem={problem} />
      {isSaved && <Notice tone="success">{words.channelSaved}</Notice>}
    </fieldset>
  );
}
