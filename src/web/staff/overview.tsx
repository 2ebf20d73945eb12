import { useQuery } from '@apollo/client/react';
import { useMemo } from 'react';
import { Link } from 'react-router';
import { staffTexts } from '#texts/staff';
import { useViewer } from '../account/viewer';
import {
  ActivityDocument,
  FlaggedAccountsDocument,
  SupportRequestsDocument,
  type ActivityPeriod,
  type ActivityQuery,
  type FlagSeverity,
} from '../generated/staff/graphql';
import { SelectField } from '../ui/field';
import { Heading } from '../ui/page';
import { BarChart } from './bar-chart';
import { absence } from './parts';
import { scopes } from './scopes';
import { oneOf, useFilters } from './use-filters';

const words = staffTexts.overviewPage;
const periods = ['DAY', 'WEEK', 'MONTH'] as const;

/** What waits now, and how much happened: failures, resets and flags over time. */
export function Overview() {
  const maySupport = useViewer().scopes.includes(scopes.reviewSupport);
  const { get, set } = useFilters();
  const period = oneOf(periods, get('period')) ?? 'WEEK';
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
          value={period}
          options={periods.map((it) => [it, words.periods[it]] as const)}
          onPick={(value) => set('period', value)}
        />
      </div>
      <Charts key={period} period={period} />
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

function Charts({ period }: { period: ActivityPeriod }) {
  const query = useQuery(ActivityDocument, { variables: { period }, fetchPolicy: 'cache-and-network' });
  const counts = query.data?.activity;
  const series = useMemo(() => counts && seriesOf(counts), [counts]);
  if (!series) return absence(query, null);
  return (
    <div className="stack">
      <div className="charts">
        <BarChart title={words.flagsChart} starts={series.starts} bars={series.flags} />
        <BarChart title={words.failuresChart} starts={series.starts} bars={series.failures} />
        <BarChart title={words.resetsChart} starts={series.starts} bars={series.resets} />
      </div>
      <p className="soft small">{words.basis}</p>
    </div>
  );
}

type Counts = NonNullable<ActivityQuery['activity']>;

/** The counts as the charts take them, from the bottom up. */
function seriesOf(counts: Counts) {
  const values = (of: (bucket: Counts[number]) => number) => counts.map(of);
  const raised = (severity: FlagSeverity, color: string) => ({
    name: staffTexts.severities[severity],
    color,
    values: values(({ flags }) => flags.find((flag) => flag.severity === severity)?.count ?? 0),
  });
  return {
    starts: values(({ startsAt }) => Date.parse(startsAt) / 1000),
    flags: [
      raised('CRITICAL', 'chart-critical'),
      raised('HIGH', 'chart-high'),
      raised('MEDIUM', 'chart-medium'),
      raised('LOW', 'chart-low'),
    ],
    failures: [{ name: words.failures, color: 'chart-high', values: values(({ failures }) => failures) }],
    resets: [
      { name: words.resets, color: 'chart-resets', values: values(({ resets }) => resets) },
      { name: words.resetRequests, color: 'chart-low', values: values(({ resetRequests }) => resetRequests) },
    ],
  };
}
