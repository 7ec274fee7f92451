/** A run compared with itself, for programs and for pull requests. */
import { NOISE_HEAD, noiseCells } from '../render/self-comparison.ts';
import type { SelfComparisonView } from '../view/self-comparison.ts';
import { loadText, nameText } from '../view/run-head.ts';
import { OUTPUT_VERSION } from './json-text.ts';
import { UNITS } from './json-view.ts';
import { markdownText, table } from './markdown.ts';
import { plainHead } from './run-comparison.ts';

/** `kind: SelfComparison`. */
export function plainSelfComparison(view: SelfComparisonView) {
  const { run, confidence, splits, seed, pieceMs, falseAlarms, answer, headline, notes, rows, requests } = view;
  return {
    apiVersion: OUTPUT_VERSION,
    kind: 'SelfComparison',
    run: plainHead(run),
    requestsOfHalf: requests,
    confidence,
    splits,
    seed,
    pieceSeconds: pieceMs / 1000,
    falseAlarms,
    answer,
    headline,
    rows: rows.map(({ unit, detectable, ...rest }) => ({ ...rest, unit: UNITS[unit], detectable: detectable ?? null })),
    notes,
  };
}

export function selfComparisonMarkdown(view: SelfComparisonView): string {
  const mark = { within: '✅', more: '❌', open: '❔' }[view.answer];
  const cells = view.rows.map((row) => noiseCells(row).map((cell, at) => (at === 0 ? markdownText(cell) : cell)));
  const parts = [
    `## ${mark} ${markdownText(view.headline)}`,
    `- ${markdownText(nameText(view.run))}: ${loadText(view.run)}`,
    view.rows.length === 0 ? '' : table(NOISE_HEAD, cells),
    view.notes.map((note) => `- ${markdownText(note)}`).join('\n'),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}
