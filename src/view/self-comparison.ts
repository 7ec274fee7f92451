/** A run compared with itself, as plain data to be shown. */
import type { MeasuredRun } from '../judge/runs/measured-run.ts';
import { GROUPS, type SelfComparison } from '../judge/runs/self-comparison.ts';
import { formatCounted, formatSeconds, formatValue } from '../text/units.ts';
import { headOf, type RunHead } from './run-head.ts';

export interface SelfComparisonView extends SelfComparison {
  readonly run: RunHead;
  /** What is divided: requests that are so near in time stay together. */
  readonly pieceMs: number;
  /** Of the divisions. */
  readonly seed: number;
  readonly headline: string;
  readonly notes: readonly string[];
}

export function selfComparisonView(
  { name, version, run }: { readonly name: string; readonly version?: string | undefined; readonly run: MeasuredRun },
  found: SelfComparison,
  { pieceMs, seed }: { readonly pieceMs: number; readonly seed: number },
): SelfComparisonView {
  const { answer, falseAlarms, splits, confidence, requests } = found;
  const nominal = formatValue(1 - confidence, 'share');
  const of = `${falseAlarms} of ${splits} splits showed a difference, where ${nominal} may`;
  const headline = {
    within: `no more false alarms than chance allows: ${of}`,
    more: `more false alarms than chance allows: ${of}`,
    open: `not enough requests: no difference would be shown, whatever it is`,
  }[answer];
  const notes = [
    `A and B are halves of the same requests, about ${formatCounted(Math.round(requests), 'request')} each: pieces of ${pieceText(pieceMs)} in ${GROUPS} groups, half of which make A, at random (--seed ${seed})`,
    'noise: in 95 % of the splits the halves differ by no more; shown from: an increase that diff would show between two such halves in four of five cases',
    ...(answer === 'more'
      ? [
          'requests that are near in time are alike, or the service changed while it was measured: compare runs that are longer, or versions side by side in one run',
        ]
      : []),
    ...run.warnings,
  ];
  const head = { ...headOf({ name, version, run }), requests: 2 * requests };
  return { ...found, run: head, pieceMs, seed, headline, notes };
}

export const pieceText = (ms: number): string => (ms < 1000 ? formatValue(ms, 'ms') : formatSeconds(ms / 1000));
