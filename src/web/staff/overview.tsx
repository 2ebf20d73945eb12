import { useApolloClient, useQuery } from '@apollo/client/react';
import { useEffect, useMemo, useState } from 'react';
import { Link } from 'react-router';
import { staffTexts } from '#texts/staff';
import { useViewer } from '../account/viewer';
import { serverNow } from '../core/transport';
import { FlaggedAccountsDocument, SupportRequestsDocument, type FlagSummaryFragment } from '../generated/staff/graphql';
import { SelectField } from '../ui/field';
import { Heading, Loading } from '../ui/page';
import { BarChart } from './bar-chart';
import { countByTime } from './overview-counts';
import { scopes } from './scopes';
import { oneOf, useFilters } from './use-filters';

const words = staffTexts.overviewPage;
/** Enough for a calm month; a storm shows as "there are more" and belongs to the metrics. */
const pageSize = 50;
const mostPages = 6;
const hour = 3600;
const bucketSizes = { '1': hour, '7': 6 * hour, '30': 24 * hour };

/** What waits now, and what the rules saw over time, as far as the contract tells it. */
export function Overview() {
  const maySupport = useViewer().scopes.includes(scopes.reviewSupport);
  const { get, set } = useFilters();
  const range = oneOf(['1', '7', '30'] as const, get('days')) ?? '7';
  return (
    <div className="stack loose">
      <div className="page-head flush">
        <Heading>{staffTexts.title}</Heading>
        <p className="soft">{words.intro}</p>
      </div>
      <div className="figures">
        <FlagFigure label={words.openFlags} to="/staff/queue" filter={{ statuses: ['OPEN', 'CLAIMED'] }} />
        <FlagFigure
          label={words.criticalFlags}
          to="/staff/queue?severity=HIGH"
          filter={{ statuses: ['OPEN', 'CLAIMED'], minSeverity: 'HIGH' }}
          isAlarming
        />
        <FlagFigure
          label={words.mine}
          to="/staff/queue?mine=yes"
          filter={{ statuses: ['CLAIMED'], claimedByMe: true }}
        />
        {maySupport && <SupportFigures />}
      </div>
      <div className="filters">
        <SelectField
          label={words.range}
          value={range}
          options={Object.entries(words.ranges)}
          onPick={(value) => set('days', value)}
        />
      </div>
      <Charts key={range} days={range} />
    </div>
  );
}

interface FigureProps {
  label: string;
  to: string;
  count: number | undefined;
  isAlarming?: boolean;
}

function Figure({ label, to, count, isAlarming }: FigureProps) {
  return (
    <div className="card">
      <p className={`figure-number ${isAlarming && count ? 'overdue' : ''}`}>{count ?? '–'}</p>
      <p>
        <Link to={to}>{label}</Link>
      </p>
    </div>
  );
}

type FlagFilter = { statuses: ('OPEN' | 'CLAIMED')[]; minSeverity?: 'HIGH'; claimedByMe?: boolean };

function FlagFigure({ filter, ...rest }: Omit<FigureProps, 'count'> & { filter: FlagFilter }) {
  const { data } = useQuery(FlaggedAccountsDocument, {
    variables: { filter, first: 1 },
    fetchPolicy: 'cache-and-network',
  });
  return <Figure {...rest} count={data?.flaggedAccounts?.totalCount} />;
}

function SupportFigures() {
  const waiting = ['OPEN', 'CLAIMED'] as const;
  const open = useQuery(SupportRequestsDocument, {
    variables: { filter: { statuses: [...waiting] } },
    fetchPolicy: 'cache-and-network',
  });
  const overdue = useQuery(SupportRequestsDocument, {
    variables: { filter: { statuses: [...waiting], isOverdue: true } },
    fetchPolicy: 'cache-and-network',
  });
  return (
    <>
      <Figure label={words.supportOpen} to="/staff/support" count={open.data?.supportRequests?.totalCount} />
      <Figure
        label={words.supportOverdue}
        to="/staff/support?overdue=yes"
        count={overdue.data?.supportRequests?.totalCount}
        isAlarming
      />
    </>
  );
}

function Charts({ days }: { days: '1' | '7' | '30' }) {
  const period = useFlagsOf(days);
  const buckets = useMemo(
    () => period && countByTime(period.flags, period.from, period.until, bucketSizes[days]),
    [period, days],
  );
  if (!period || !buckets) return <Loading />;
  const { severities } = staffTexts;
  const { starts, flags } = buckets;
  return (
    <div className="stack">
      <div className="charts">
        <BarChart
          title={words.flagsChart}
          starts={starts}
          bars={[
            { name: severities.CRITICAL, color: 'chart-critical', values: flags.CRITICAL },
            { name: severities.HIGH, color: 'chart-high', values: flags.HIGH },
            { name: severities.MEDIUM, color: 'chart-medium', values: flags.MEDIUM },
            { name: severities.LOW, color: 'chart-low', values: flags.LOW },
          ]}
        />
        <BarChart
          title={words.failuresChart}
          starts={starts}
          bars={[{ name: words.failures, color: 'chart-high', values: buckets.failures }]}
        />
        <BarChart
          title={words.resetsChart}
          starts={starts}
          bars={[
            { name: words.resets, color: 'chart-resets', values: buckets.resets },
            { name: words.resetRequests, color: 'chart-low', values: buckets.resetRequests },
          ]}
        />
      </div>
      <p className="soft small">
        {words.basis(period.accounts)} {period.isPartial && words.partial}
      </p>
    </div>
  );
}

interface Period {
  from: number;
  until: number;
  flags: FlagSummaryFragment[];
  accounts: number;
  isPartial: boolean;
}

/** The flags of the last days, decided or not, page by page. Null until they are here. */
function useFlagsOf(days: '1' | '7' | '30'): Period | null {
  const client = useApolloClient();
  const [period, setPeriod] = useState<Period | null>(null);
  useEffect(() => {
    let isCurrent = true;
    const read = async () => {
      const until = serverNow() / 1000;
      const from = until - Number(days) * 24 * hour;
      const filter = {
        statuses: ['OPEN', 'CLAIMED', 'RESOLVED'] as ('OPEN' | 'CLAIMED' | 'RESOLVED')[],
        flaggedFrom: new Date(from * 1000).toISOString(),
      };
      const orderBy = { field: 'FLAGGED_AT', direction: 'DESC' } as const;
      const flags: FlagSummaryFragment[] = [];
      let accounts = 0;
      let after: string | null = null;
      for (let page = 0; page < mostPages; page++) {
        const variables: { filter: typeof filter; orderBy: typeof orderBy; first: number; after: string | null } = {
          filter,
          orderBy,
          first: pageSize,
          after,
        };
        const answer = await client.query({ query: FlaggedAccountsDocument, variables, fetchPolicy: 'network-only' });
        const list = answer.data?.flaggedAccounts;
        if (!list) break;
        flags.push(...list.edges.flatMap((edge) => edge.matchingFlags));
        accounts += list.edges.length;
        after = list.pageInfo.hasNextPage ? list.pageInfo.endCursor : null;
        if (!after) break;
      }
      if (isCurrent) setPeriod({ from, until, flags, accounts, isPartial: after !== null });
    };
    read().catch(() => isCurrent && setPeriod({ from: 0, until: 1, flags: [], accounts: 0, isPartial: false }));
    return () => {
      isCurrent = false;
    };
  }, [client, days]);
  return period;
}
