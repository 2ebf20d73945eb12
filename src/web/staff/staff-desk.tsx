import type { ReactNode } from 'react';
import { Navigate, Route, Routes } from 'react-router';
import { texts } from '#texts/entry';
import { staffTexts } from '#texts/staff';
import { useViewer } from '../account/viewer';
import { Notice } from '../ui/notice';
import { Heading, Tab } from '../ui/page';
import '../styles/charts.css';
import '../styles/staff.css';
import { AccountPage } from './account-page';
import { Accounts } from './accounts';
import { AuditLog } from './audit-log';
import { CasePage } from './case-page';
import { Overview } from './overview';
import { Queue } from './queue';
import { scopes } from './scopes';
import { SupportCasePage } from './support-case';
import { SupportQueue } from './support-queue';

const words = staffTexts;

/** The staff desk. What a member may not do is not offered; the server refuses it in any case. */
export function StaffDesk() {
  const held = useViewer().scopes;
  const may = (scope: string) => held.includes(scope);
  if (held.length === 0) {
    return (
      <div className="stack">
        <Heading>{words.title}</Heading>
        <Notice tone="info">{words.noScopes}</Notice>
      </div>
    );
  }
  const guarded = (scope: string, page: ReactNode) =>
    may(scope) ? page : <Notice tone="info">{words.needsScope}</Notice>;
  const start = may(scopes.reviewAccounts) ? <Overview /> : <Navigate to={firstPage(may)} replace />;
  return (
    <>
      <nav className="sub-tabs" aria-label={words.navigation}>
        {may(scopes.reviewAccounts) && (
          <>
            <Tab to="/staff" end>
              {words.overview}
            </Tab>
            <Tab to="/staff/queue">{words.queue}</Tab>
          </>
        )}
        {may(scopes.reviewSupport) && <Tab to="/staff/support">{words.support}</Tab>}
        {may(scopes.readAccounts) && <Tab to="/staff/accounts">{words.accounts}</Tab>}
        {may(scopes.readAudit) && <Tab to="/staff/audit">{words.audit}</Tab>}
      </nav>
      <Routes>
        <Route index element={start} />
        <Route path="queue" element={guarded(scopes.reviewAccounts, <Queue />)} />
        <Route path="flags/:id" element={guarded(scopes.reviewAccounts, <CasePage />)} />
        <Route path="support" element={guarded(scopes.reviewSupport, <SupportQueue />)} />
        <Route path="support/:id" element={guarded(scopes.reviewSupport, <SupportCasePage />)} />
        <Route path="accounts" element={guarded(scopes.readAccounts, <Accounts />)} />
        <Route path="accounts/:id" element={guarded(scopes.readAccounts, <AccountPage />)} />
        <Route path="audit" element={guarded(scopes.readAudit, <AuditLog />)} />
        <Route path="*" element={<Notice tone="info">{texts.notFound.text}</Notice>} />
      </Routes>
    </>
  );
}

function firstPage(may: (scope: string) => boolean): string {
  if (may(scopes.reviewSupport)) return '/staff/support';
  return may(scopes.readAccounts) ? '/staff/accounts' : '/staff/audit';
}
