import { useCallback, useEffect, useRef, useState } from 'react';
import { texts } from '#texts/entry';
import { isProblem, type ProblemLike } from '../core/problems';
import { countdown, useSecondsUntil } from '../core/time';
import { send } from '../core/transport';
import { ClaimQrSignInDocument, StartQrSignInDocument, type StartQrSignInMutation } from '../generated/entry/graphql';
import { Button, LinkButton } from '../ui/button';
import { Notice, ProblemNotice } from '../ui/notice';
import { Loading } from '../ui/page';
import { QrPicture } from '../ui/qr-picture';

type Started = Extract<StartQrSignInMutation['startQrSignIn'], { __typename: 'StartQrSignInSuccess' }>;
type Stage =
  | { name: 'preparing' }
  | { name: 'showing'; code: Started; isScanned: boolean }
  | { name: 'over'; problem: ProblemLike | null };

const pause = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/** What the picture holds: this site's approval page with the payload in the fragment, which no server sees. */
const approvalLink = (payload: string): string =>
  payload.includes('://') ? payload : `${window.location.origin}/qr#${payload}`;

/** Signs this device in through a phone that is signed in: shows the code, and asks at the pace the server sets. */
export function QrSignIn({ onSignedIn, onBack }: { onSignedIn: () => void; onBack: () => void }) {
  const [stage, setStage] = useState<Stage>({ name: 'preparing' });
  const round = useRef(0);
  const signedIn = useRef(onSignedIn);
  signedIn.current = onSignedIn;

  const run = useCallback(async () => {
    const mine = ++round.current;
    const isOver = () => mine !== round.current;
    setStage({ name: 'preparing' });
    const { startQrSignIn: code } = await send(StartQrSignInDocument, {});
    if (isOver() || !code) return;
    if (code.__typename !== 'StartQrSignInSuccess') {
      setStage({ name: 'over', problem: code });
      return;
    }
    setStage({ name: 'showing', code, isScanned: false });
    let wait = code.pollAfterSeconds;
    for (;;) {
      await pause(wait);
      if (isOver()) return;
      const { claimQrSignIn: outcome } = await send(ClaimQrSignInDocument, {
        input: { claimSecret: code.claimSecret },
      });
      if (isOver() || !outcome) return;
      if (outcome.__typename === 'SignInSuccess') {
        signedIn.current();
        return;
      }
      if (outcome.__typename === 'QrSignInPending') {
        setStage({ name: 'showing', code, isScanned: outcome.isScanned });
        wait = outcome.pollAfterSeconds;
      } else if (outcome.__typename === 'RateLimitProblem') wait = outcome.retryAfterSeconds;
      else {
        const hasLapsed = outcome.__typename === 'TokenInvalidProblem';
        setStage({ name: 'over', problem: !hasLapsed && isProblem(outcome) ? outcome : null });
        return;
      }
    }
  }, []);

  const start = useCallback(() => {
    run().catch(() => setStage({ name: 'over', problem: null }));
  }, [run]);
  useEffect(() => {
    start();
    return () => {
      round.current += 1;
    };
  }, [start]);

  return (
    <div className="stack loose">
      {stage.name === 'preparing' && <Loading />}
      {stage.name === 'showing' && <Code code={stage.code} isScanned={stage.isScanned} onRenew={start} />}
      {stage.name === 'over' && (
        <div className="stack">
          {stage.problem ? (
            <ProblemNotice problem={stage.problem} />
          ) : (
            <Notice tone="warning">{texts.qrShow.lapsed}</Notice>
          )}
          <Button wide onClick={start}>
            {texts.qrShow.renew}
          </Button>
        </div>
      )}
      <p>
        <LinkButton onClick={onBack}>{texts.signIn.withPassword}</LinkButton>
      </p>
    </div>
  );
}

function Code({ code, isScanned, onRenew }: { code: Started; isScanned: boolean; onRenew: () => void }) {
  const seconds = useSecondsUntil(code.expiresAt);
  return (
    <div className="stack">
      <ol className="numbered">
        {texts.qrShow.steps.map((step) => (
          <li key={step}>{step}</li>
        ))}
      </ol>
      <QrPicture text={approvalLink(code.qrPayload)} label={texts.qrShow.picture} />
      <div>
        <p className="soft small centered">{texts.qrShow.number}</p>
        <p className="comparison-number">{code.comparisonNumber}</p>
      </div>
      <div role="status">{isScanned && <Notice tone="success">{texts.qrShow.scanned}</Notice>}</div>
      <div className="row spread small soft">
        <span>{texts.qrShow.lapsesIn(countdown(seconds))}</span>
        <LinkButton onClick={onRenew}>{texts.qrShow.renew}</LinkButton>
      </div>
    </div>
  );
}
