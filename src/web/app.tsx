import { Component, lazy, Suspense, useEffect, useRef, type ReactNode } from 'react';
import { Link, Route, Routes, useLocation, useNavigate } from 'react-router';
import { texts } from '#texts/entry';
import type { EntryReason, EntryState } from './core/entry-state';
import { isReturnPath } from './core/return-path';
import { onSessionChange } from './core/session-signals';
import { ForgotPassword } from './pages/forgot-password';
import { ResetPassword } from './pages/reset-password';
import { SignIn } from './pages/sign-in';
import { Button } from './ui/button';
import { BannerPlace, Notice } from './ui/notice';
import { EntryPage, Loading, SkipLink } from './ui/page';

// Sign-in and reset come at once; everything else when it is asked for.
const SignUp = lazy(async () => ({ default: (await import('./pages/sign-up')).SignUp }));
const Support = lazy(async () => ({ default: (await import('./pages/support')).Support }));
const ConfirmEmail = lazy(async () => ({ default: (await import('./pages/letter-actions')).ConfirmEmail }));
const CancelReset = lazy(async () => ({ default: (await import('./pages/letter-actions')).CancelReset }));
const NotMe = lazy(async () => ({ default: (await import('./pages/letter-actions')).NotMe }));
const AccountArea = lazy(async () => ({ default: (await import('./account/account-area')).AccountArea }));
const Home = lazy(async () => ({ default: (await import('./account/home')).Home }));
const Security = lazy(async () => ({ default: (await import('./account/security')).Security }));
const QrApproval = lazy(async () => ({ default: (await import('./account/qr-approval')).QrApproval }));
const StaffDesk = lazy(async () => ({ default: (await import('./staff/staff-desk')).StaffDesk }));

export function App() {
  const location = useLocation();
  useSessionChanges();
  return (
    <>
      <SkipLink />
      <PageBoundary path={location.pathname}>
        <Suspense fallback={<Loading />}>
          <Routes>
            <Route path="/sign-in" element={<SignIn />} />
            <Route path="/forgot-password" element={<ForgotPassword />} />
            <Route path="/reset-password" element={<ResetPassword />} />
            <Route path="/sign-up" element={<SignUp />} />
            <Route path="/confirm-email" element={<ConfirmEmail />} />
            <Route path="/cancel-reset" element={<CancelReset />} />
            <Route path="/not-me" element={<NotMe />} />
            <Route path="/support" element={<Support />} />
            <Route element={<AccountArea />}>
              <Route path="/" element={<Home />} />
              <Route path="/security" element={<Security />} />
              <Route path="/qr" element={<QrApproval />} />
              <Route path="/staff/*" element={<StaffDesk />} />
            </Route>
            <Route path="*" element={<NotFound />} />
          </Routes>
        </Suspense>
      </PageBoundary>
      <BannerPlace />
    </>
  );
}

/** Where a change of the session, here or in another window, leads to. */
function useSessionChanges(): void {
  const navigate = useNavigate();
  const location = useLocation();
  const current = useRef(location);
  current.current = location;
  useEffect(
    () =>
      onSessionChange((change, from) => {
        const { pathname, search, state } = current.current;
        const isEntry = !isReturnPath(pathname);
        const isWaiting = pathname === '/sign-in' || pathname === '/forgot-password';
        const leadToSignIn = (reason: EntryReason) => {
          const earlier = (state ?? {}) as EntryState;
          const returnTo = isEntry ? earlier.returnTo : pathname + search;
          const next: EntryState = { reason, returnTo, email: earlier.email };
          void navigate('/sign-in', { replace: isEntry, state: next });
        };
        if (change === 'ended' && !isEntry) leadToSignIn('ended');
        if (from === 'here') return;
        if (change === 'password-reset' && (!isEntry || isWaiting)) leadToSignIn('password-reset');
        if (change === 'signed-out' && !isEntry) leadToSignIn('signed-out');
        if (change === 'signed-in' && isWaiting) void navigate('/', { replace: true });
      }),
    [navigate],
  );
}

function NotFound() {
  return (
    <EntryPage title={texts.notFound.title} intro={texts.notFound.text}>
      <Link className="button wide" to="/">
        {texts.notFound.home}
      </Link>
    </EntryPage>
  );
}

/** Keeps one broken page, or a part that could not be loaded, from leaving a blank window. */
class PageBoundary extends Component<{ path: string; children: ReactNode }, { hasFailed: boolean }> {
  override state = { hasFailed: false };

  static getDerivedStateFromError() {
    return { hasFailed: true };
  }

  override componentDidUpdate(before: { path: string }) {
    if (before.path !== this.props.path && this.state.hasFailed) this.setState({ hasFailed: false });
  }

  override render() {
    if (!this.state.hasFailed) return this.props.children;
    return (
      <EntryPage title={texts.openAgain.title}>
        <Notice tone="error">{texts.openAgain.text}</Notice>
        <Button wide onClick={() => window.location.reload()}>
          {texts.openAgain.again}
        </Button>
      </EntryPage>
    );
  }
}
