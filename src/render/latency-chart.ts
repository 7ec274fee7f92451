/** The latencies of the versions as bars of characters, for `--chart`: one line a bin, its count in words beside it. */
import { sanitizeLine } from '../text/sanitize.ts';
import { formatCount, formatCounted, formatLimit, formatValue } from '../text/units.ts';
import { displayWidth, padToWidth } from '../text/width.ts';
import { wrap } from '../text/wrap.ts';
import type { LatencyHistogram } from '../view/latency-bars.ts';
import type { Theme } from './theme.ts';

const LEAST_BAR = 8;
const MOST_BAR = 50;

interface ChartOptions {
  readonly theme: Theme;
  readonly columns: number;
}

/** Nothing where nothing was counted. Bars are shares, on one scale for all versions: the longest is the same share in each. */
export function renderLatencies(histograms: readonly LatencyHistogram[], { theme, columns }: ChartOptions): string {
  const rows = histograms.map(({ answers, bins }) =>
    bins.map(({ lowMs, highMs, count }) => ({
      label: `${formatLimit(lowMs, 'ms')} to ${formatLimit(highMs, 'ms')}`,
      count: formatCount(count),
      share: formatValue(count / answers, 'share'),
      part: count / answers,
    })),
  );
  const all = rows.flat();
  if (all.length === 0) return '';
  const widest = (of: (row: (typeof all)[number]) => string) => Math.max(...all.map((row) => displayWidth(of(row))));
  const widths = [widest(({ label }) => label), widest(({ count }) => count), widest(({ share }) => share)] as const;
  const most = Math.max(...all.map(({ part }) => part));
  const withShares = widths.reduce((sum, width) => sum + width + 2, 0) + 2 + LEAST_BAR <= columns;
  const taken = withShares ? widths[0] + widths[1] + widths[2] + 8 : widths[0] + widths[1] + 6;
  const room = Math.min(MOST_BAR, columns - taken);
  const line = ({ label, count, share, part }: (typeof all)[number]): string[] => {
    const words = [
      `  ${padToWidth(label, widths[0])}`,
      count.padStart(widths[1]),
      ...(withShares ? [share.padStart(widths[2])] : []),
    ].join('  ');
    // One request of a million is seen, too.
    const length = part === 0 ? 0 : Math.max(1, Math.round((part / most) * room));
    const text = room < LEAST_BAR ? words : `${words}  ${theme.bar.block.repeat(length)}`.trimEnd();
    return displayWidth(text) <= columns ? [text] : wrap(`${label}: ${count}`, { columns, first: '  ', rest: '    ' });
  };
  return histograms
    .map(({ version, answers }, at) => [
      ...wrap(`Latency, ${sanitizeLine(version)} (${formatCounted(answers, 'answer')})`, { columns, rest: '  ' }),
      ...rows[at]!.flatMap(line),
    ])
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}
