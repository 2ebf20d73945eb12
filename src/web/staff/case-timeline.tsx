import { useMemo } from 'react';
import type uPlot from 'uplot';
import { accountTexts } from '#texts/account';
import { staffTexts } from '#texts/staff';
import { shortTime } from '../core/time';
import type { FlagCaseQuery, StaffEventFragment } from '../generated/staff/graphql';
import { DataTable } from './parts';
import { countsInWindow, lastWindow } from './rule-window';
import { TimeChart, type Palette } from './time-chart';

const words = staffTexts.casePage;
type Evidence = NonNullable<NonNullable<FlagCaseQuery['flag']>['evidence']>;
interface Span {
  start: number;
  end: number;
}

/** In pixels: one lane, and what the chart keeps for the axis below and the air above. */
const laneHeight = 40;
const axisRoom = 68;

const seconds = (instant: string) => Date.parse(instant) / 1000;

interface Props {
  evidence: Evidence | null;
  /** The latest events of the account, counted by the rule or not. */
  events: readonly StaffEventFragment[];
}

/** The account's events against the rule's window: the count with the limit above, each event in its lane below. */
export function CaseTimeline({ evidence, events }: Props) {
  const counted = evidence?.events.nodes ?? [];
  const shown = useMemo(() => merge(counted, events), [counted, events]);
  const span = useMemo(() => spanOf(evidence, shown), [evidence, shown]);
  const inSpan = shown.filter((event) => within(span, seconds(event.occurredAt)));
  const band = evidence ? lastWindow(evidence.lastEventAt, evidence.thresholdWindowSeconds) : null;
  return (
    <div className="stack">
      {evidence && band ? (
        <>
          <p>
            {words.timelineSummary(
              evidence.eventCount,
              evidence.thresholdCount,
              staffTexts.windowLength(evidence.thresholdWindowSeconds),
            )}
          </p>
          <ul className="chart-key">
            <li>
              <span className="swatch swatch-count" />
              {words.inWindow}
            </li>
            <li>
              <span className="swatch dashed swatch-limit" />
              {words.limit}
            </li>
            <li>
              <span className="swatch swatch-window" />
              {words.ruleWindow}
            </li>
          </ul>
          <CountChart evidence={evidence} span={span} band={band} />
        </>
      ) : (
        <p className="soft">{words.noEvidence}</p>
      )}
      {inSpan.length > 0 && <Lanes events={inSpan} span={span} band={band} />}
      <EventsTable
        events={counted.length > 0 ? counted : events}
        hasMore={Boolean(evidence?.events.pageInfo.hasNextPage)}
      />
    </div>
  );
}

function CountChart({ evidence, span, band }: { evidence: Evidence; span: Span; band: Span }) {
  const data = useMemo((): uPlot.AlignedData => {
    const times = evidence.events.nodes.map((event) => seconds(event.occurredAt));
    const { times: moments, counts } = countsInWindow(times, evidence.thresholdWindowSeconds);
    const x = [span.start, ...moments.filter((moment) => within(span, moment)), span.end];
    const kept = counts.filter((_, index) => within(span, moments[index] ?? 0));
    return [x, [0, ...kept, kept[kept.length - 1] ?? 0], x.map(() => evidence.thresholdCount)];
  }, [evidence, span]);
  return (
    <TimeChart
      label={words.timelineChart}
      height={200}
      data={data}
      options={(palette) => ({
        scales: {
          x: { range: [span.start, span.end] },
          y: { range: (_chart, _min, max) => [0, Math.ceil(max * 1.15)] },
        },
        series: [
          {},
          { stroke: palette('accent'), fill: palette('ring'), width: 2, points: { show: false }, paths: stepped },
          { stroke: palette('danger'), width: 2, dash: [6, 5], points: { show: false } },
        ],
        hooks: { drawClear: [drawBand(palette, band)] },
      })}
    />
  );
}

function Lanes({ events, span, band }: { events: readonly StaffEventFragment[]; span: Span; band: Span | null }) {
  const kinds = [...new Set(events.map((event) => event.kind))];
  const data = useMemo((): uPlot.AlignedData => {
    const ordered = [...events].sort((a, b) => seconds(a.occurredAt) - seconds(b.occurredAt));
    const x = ordered.map((event) => seconds(event.occurredAt));
    const lanes = kinds.map((kind, lane) => ordered.map((event) => (event.kind === kind ? lane + 0.35 : null)));
    return [x, ...lanes];
    // Depends on no more than this: the kinds follow from the events.
  }, [events]);
  return (
    <TimeChart
      label={words.lanesChart}
      height={axisRoom + laneHeight * kinds.length}
      data={data}
      options={(palette) => ({
        scales: { x: { range: [span.start, span.end] }, y: { range: [0, kinds.length] } },
        axes: [{}, { values: () => [], ticks: { show: false }, splits: () => kinds.map((_, lane) => lane) }],
        series: [
          {},
          ...kinds.map(() => ({
            paths: () => null,
            points: { show: true, size: 8, stroke: palette('accent'), fill: palette('accent-soft'), width: 1.5 },
          })),
        ],
        hooks: {
          drawClear: [drawBand(palette, band)],
          draw: [drawLaneNames(palette, kinds)],
        },
      })}
    />
  );
}

/** Each value holds until the next event: a count does not slope. */
const stepped: uPlot.Series.PathBuilder = (chart, series, from, to) => {
  const { data } = chart;
  const xs = data[0];
  const ys = data[series] ?? [];
  const line = new Path2D();
  for (let index = from; index <= to; index++) {
    const x = chart.valToPos(xs[index] ?? 0, 'x', true);
    const y = chart.valToPos(ys[index] ?? 0, 'y', true);
    if (index === from) line.moveTo(x, y);
    else {
      line.lineTo(x, chart.valToPos(ys[index - 1] ?? 0, 'y', true));
      line.lineTo(x, y);
    }
  }
  const fill = new Path2D(line);
  const floor = chart.valToPos(0, 'y', true);
  fill.lineTo(chart.valToPos(xs[to] ?? 0, 'x', true), floor);
  fill.lineTo(chart.valToPos(xs[from] ?? 0, 'x', true), floor);
  return { stroke: line, fill };
};

const drawBand = (palette: Palette, band: Span | null) => (chart: uPlot) => {
  if (!band) return;
  const from = Math.max(chart.bbox.left, chart.valToPos(band.start, 'x', true));
  const to = Math.min(chart.bbox.left + chart.bbox.width, chart.valToPos(band.end, 'x', true));
  chart.ctx.fillStyle = palette('warning-soft');
  chart.ctx.fillRect(from, chart.bbox.top, Math.max(1, to - from), chart.bbox.height);
};

const drawLaneNames = (palette: Palette, kinds: readonly string[]) => (chart: uPlot) => {
  const { ctx } = chart;
  const scale = window.devicePixelRatio;
  ctx.save();
  ctx.fillStyle = palette('ink-soft');
  ctx.font = `${11 * scale}px ${getComputedStyle(chart.root).fontFamily}`;
  ctx.textBaseline = 'top';
  ctx.textAlign = 'left';
  kinds.forEach((kind, lane) => {
    const top = chart.valToPos(lane + 1, 'y', true);
    ctx.fillText(accountTexts.events[kind] ?? kind, chart.bbox.left + 6 * scale, top + 4 * scale);
  });
  ctx.restore();
};

function EventsTable({ events, hasMore }: { events: readonly StaffEventFragment[]; hasMore: boolean }) {
  const columns = staffTexts.accountPage.columns;
  return (
    <details>
      <summary>
        {words.eventsTable} ({events.length})
      </summary>
      <div className="stack tight spaced">
        <DataTable
          label={words.eventsTable}
          rows={events}
          rowKey={(event) => event.id}
          columns={[
            { name: columns.time, className: 'nowrap', cell: (event) => shortTime(event.occurredAt) },
            { name: columns.event, cell: (event) => accountTexts.events[event.kind] ?? event.kind },
            { name: columns.device, cell: (event) => event.device?.summary ?? staffTexts.unknown },
            { name: columns.place, cell: (event) => event.device?.approximateLocation ?? staffTexts.unknown },
            {
              name: columns.address,
              cell: (event) => event.device?.ipAddress && <span className="mono">{event.device.ipAddress}</span>,
            },
          ]}
        />
        {hasMore && <p className="soft small">{words.moreEvents}</p>}
      </div>
    </details>
  );
}

function merge(counted: readonly StaffEventFragment[], others: readonly StaffEventFragment[]): StaffEventFragment[] {
  const known = new Set(counted.map((event) => event.id));
  return [...counted, ...others.filter((event) => !known.has(event.id))];
}

const within = (span: Span, time: number) => time >= span.start && time <= span.end;

/** The rule's window and the counted events with some air; without a rule, all that is known. */
function spanOf(evidence: Evidence | null, events: readonly StaffEventFragment[]): Span {
  const times = evidence
    ? [seconds(evidence.firstEventAt), seconds(evidence.lastEventAt)]
    : events.map((event) => seconds(event.occurredAt));
  const end = Math.max(...times);
  const start = Math.min(...times, evidence ? end - evidence.thresholdWindowSeconds : end);
  const air = Math.max((end - start) * 0.06, 60);
  return { start: start - air, end: end + air };
}
