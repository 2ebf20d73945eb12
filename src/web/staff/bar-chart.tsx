import { useMemo } from 'react';
import uPlot from 'uplot';
import { locale } from '#texts/language';
import { staffTexts } from '#texts/staff';
import { recentTime } from '../core/time';
import { DataTable } from './parts';
import { TimeChart } from './time-chart';

export interface Bars {
  name: string;
  /** A custom property of the theme. */
  color: string;
  values: readonly number[];
}

interface Props {
  title: string;
  starts: readonly number[];
  /** From the bottom up. */
  bars: readonly Bars[];
}

const words = staffTexts.overviewPage;
const draw = uPlot.paths.bars?.({ size: [0.75, 48], align: 1 });

/** Stacked bars over time, with the same numbers as a table for whoever prefers or needs one. */
export function BarChart({ title, starts, bars }: Props) {
  const data = useMemo((): uPlot.AlignedData => {
    // Drawn from the tallest sum to the lowest, each over the one before: what stays visible is a stack.
    const sums = bars.map((_, level) =>
      starts.map((_start, index) => bars.slice(0, level + 1).reduce((sum, bar) => sum + (bar.values[index] ?? 0), 0)),
    );
    return [[...starts], ...sums.reverse()];
  }, [bars, starts]);
  const size = (starts[1] ?? 0) - (starts[0] ?? 0) || 3600;
  const end = (starts[starts.length - 1] ?? 0) + size;
  const total = (index: number) => bars.reduce((sum, bar) => sum + (bar.values[index] ?? 0), 0);
  const sum = starts.reduce((all, _start, index) => all + total(index), 0);
  const rows = starts.map((start, index) => ({ start, index })).filter(({ index }) => total(index) > 0);
  return (
    <section className="card stack" aria-label={title}>
      <div className="row spread">
        <h2 className="tile-title">{title}</h2>
        <span className="badge">{sum.toLocaleString(locale)}</span>
      </div>
      <ul className="chart-key">
        {bars.map((bar) => (
          <li key={bar.name}>
            <span className={`swatch swatch-${bar.color}`} />
            {bar.name}
          </li>
        ))}
      </ul>
      {sum === 0 ? (
        <p className="chart-empty">{words.empty}</p>
      ) : (
        <>
          <TimeChart
            label={title}
            height={190}
            data={data}
            options={(palette) => ({
              scales: {
                x: { range: [starts[0] ?? 0, end] },
                y: { range: (_chart, _min, max) => [0, Math.max(4, Math.ceil(max * 1.1))] },
              },
              series: [
                {},
                ...[...bars].reverse().map((bar) => ({
                  fill: palette(bar.color),
                  width: 0,
                  points: { show: false },
                  ...(draw ? { paths: draw } : {}),
                })),
              ],
            })}
          />
          <details>
            <summary>{words.table}</summary>
            <div className="spaced">
              <DataTable
                label={title}
                rows={rows}
                rowKey={(row) => String(row.start)}
                columns={[
                  {
                    name: words.time,
                    className: 'nowrap',
                    cell: (row) => recentTime(new Date(row.start * 1000).toISOString()),
                  },
                  ...bars.map((bar) => ({
                    name: bar.name,
                    cell: (row: { index: number }) => bar.values[row.index] ?? 0,
                  })),
                ]}
              />
            </div>
          </details>
        </>
      )}
    </section>
  );
}
