import { ApolloProvider, useQuery } from '@apollo/client/react';
import { Suspense, useEffect, useRef } from 'react';
import { Navigate, Outlet, useLocation, useNavigate } from 'react-router';
import { accountTexts } from '#texts/account';
import { texts } from '#texts/entry';
import type { EntryState } from '../core/entry-state';
import { announce, onSessionChange, sessionEnded } from '../core/session-signals';
import { send } from '../core/transport';
import { useTask } from '../core/use-task';
import { ViewerDocument } from '../generated/account/graphql';
import { SignOutDocument } from '../generated/entry/graphql';
import { Button } from '../ui/button';
import { Notice } from '../ui/notice';
import { Brand, EntryPage, Loading, Tab } from '../ui/page';
import { client } from './apollo';
import { usePresencePolling } from './presence';
import { StepUpProvider } from './step-up';
import { useViewer, ViewerContext } from './viewer';

/** Everything that needs a person signed in: their pages, the approval on the phone, and the staff desk. */
export function AccountArea() {
  return (
    <ApolloProvider client={client}>
      <SignedIn />
    </ApolloProvider>
  );
}

function SignedIn() {
  const { pathname, search } = useLocation();
  const { data, loading, error, refetch } = useQuery(ViewerDocument, { fetchPolicy: 'cache-and-network' });
  const wasSignedIn = useRef(false);
  const viewer = data?.viewer;

  // Only changes made elsewhere reload: here, whoever made the change also decides where to go.
  useEffect(
    () => onSessionChange((change, from) => void (change === 'signed-in' && from === 'another-window' && refetch())),
    [refetch],
  );
  usePresencePolling(refetch);
  useEffect(() => {
    if (viewer) wasSignedIn.current = true;
    else if (wasSignedIn.current && data && viewer === null) void sessionEnded();
  }, [data, viewer]);

  if (viewer) {
    return (
      <ViewerContext.Provider value={viewer}>
        <StepUpProvider>
          <Shell />
        </StepUpProvider>
      </ViewerContext.Provider>
    );
  }
  if (data && viewer === null && !wasSignedIn.current) {
    const state: EntryState = { returnTo: pathname + search };
    return <Navigate to="/sign-in" replace state={state} />;
  }
  if (loading || wasSignedIn.current) return <Loading />;
  return (
    <EntryPage title={texts.product}>
      <Notice tone="error">{error ? texts.faults.unavailable() : texts.notLoaded}</Notice>
      <Button wide onClick={() => void refetch()}>
        {texts.tryAgain}
      </Button>
    </EntryPage>
  );
}

function Shell() {
  const viewer = useViewer();
  const navigate = useNavigate();
  const { pathname } = useLocation();
  const task = useTask();
  const name = viewer.account.displayName ?? viewer.email;
  const signOut = () =>
    task.run(async () => {
      await send(SignOutDocument, {});
      const state: EntryState = { reason: 'signed-out' };
      await navigate('/sign-in', { state });
      await announce('signed-out');
    });
  return (
    <>
      <header className="topbar">
        <div className="topbar-inner">
          <Brand />
          <nav className="tabs" aria-label={texts.mainNavigation}>
            <Tab to="/" end>
              {accountTexts.shell.overview}
            </Tab>
            <Tab to="/security">{accountTexts.shell.security}</Tab>
            {viewer.scopes.length > 0 && <Tab to="/staff">{accountTexts.shell.staff}</Tab>}
          </nav>
          <div className="person">
            <span className="person-name" title={viewer.email}>
              <span className="visually-hidden">{accountTexts.shell.signedInAs('')}</span>
              {name}
            </span>
            <Button look="quiet" size="small" isBusy={task.isBusy} onClick={() => void signOut()}>
              {accountTexts.shell.signOut}
            </Button>
          </div>
        </div>
      </header>
      <main id="main" tabIndex={-1} className={pathname.startsWith('/staff') ? 'content wide' : 'content'}>
        <Suspense fallback={<Loading />}>
          <Outlet />
        </Suspense>
      </main>
    </>
  );
}
