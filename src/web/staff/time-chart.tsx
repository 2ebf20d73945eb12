import { locale } from '#texts/language';
import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

/** The colours of the page, by the names of its custom properties, as they are in the theme of the moment. */
export type Palette = (name: string) => string;

interface Props {
  /** What the chart tells, for people who do not see it; the numbers themselves stand in a table beside it. */
  label: string;
  height: number;
  data: uPlot.AlignedData;
  options: (palette: Palette) => Pick<uPlot.Options, 'series'> & Partial<uPlot.Options>;
}

/** A chart over time on a canvas. Drawn anew when the theme changes, and fitted to the room there is. */
export function TimeChart({ label, height, data, options }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const latest = useRef(options);
  latest.current = options;
  useEffect(() => {
    const node = place.current;
    if (!node) return undefined;
    const dark = window.matchMedia('(prefers-color-scheme: dark)');
    let chart: uPlot | null = null;
    const draw = () => {
      chart?.destroy();
      const palette = readPalette(node);
      const own = latest.current(palette);
      const axis = axisLook(palette, node);
      chart = new uPlot(
        {
          width: Math.max(1, node.clientWidth),
          height,
          legend: { show: false },
          cursor: { show: false },
          ...own,
          axes: [
            { ...axis, values: timeLabels, space: 80, ...own.axes?.[0] },
            // Counts are whole: no line between one event and two.
            { ...axis, size: 44, incrs: wholeSteps, ...own.axes?.[1] },
          ],
        },
        data,
        node,
      );
    };
    draw();
    const observer = new ResizeObserver(() => chart?.setSize({ width: Math.max(1, node.clientWidth), height }));
    observer.observe(node);
    dark.addEventListener('change', draw);
    return () => {
      observer.disconnect();
      dark.removeEventListener('change', draw);
      chart?.destroy();
    };
  }, [data, height]);
  return <div className="chart" ref={place} role="img" aria-label={label} />;
}

const wholeSteps = [1, 2, 5].flatMap((step) => [step, step * 10, step * 100, step * 1000]).sort((a, b) => a - b);

function readPalette(node: HTMLElement): Palette {
  const style = getComputedStyle(node);
  return (name) => style.getPropertyValue(`--${name}`).trim();
}

function axisLook(palette: Palette, node: HTMLElement): uPlot.Axis {
  return {
    stroke: palette('ink-soft'),
    font: `12px ${getComputedStyle(node).fontFamily}`,
    grid: { stroke: palette('line'), width: 1 },
    ticks: { stroke: palette('line'), width: 1, size: 5 },
  };
}

const day = new Intl.DateTimeFormat(locale, { month: 'short', day: 'numeric' });
const hour = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });

function timeLabels(_chart: uPlot, splits: number[], _axis: number, _space: number, step: number): string[] {
  return splits.map((seconds, index) => {
    const date = new Date(seconds * 1000);
    if (step >= 86_400) return day.format(date);
    const before = index > 0 ? new Date((splits[index - 1] ?? 0) * 1000) : null;
    return before?.getDate() === date.getDate() ? hour.format(date) : `${hour.format(date)}\n${day.format(date)}`;
  });
}
