/** What stands above everything else, wherever an experiment is shown: in a terminal, in Markdown, on a page. */
import type { Weight } from '../experiment/experiment.ts';
import { formatCount, formatCounted, formatPercent } from '../text/units.ts';
import type { ExperimentView } from './experiment-view.ts';

/** `Running, 3 of 8 iterations`. */
export function progressText({ stage, iterations }: ExperimentView): string {
  return stage === undefined
    ? 'not started'
    : `${stage}, ${formatCount(iterations.completed)} of ${formatCounted(iterations.total, 'iteration')}`;
}

/** `Canary, Progressive`; in Conformance nothing is deployed. */
export function patternText({ testingPattern, deploymentPattern }: ExperimentView): string {
  return testingPattern === 'Conformance' ? 'Conformance' : `${testingPattern}, ${deploymentPattern}`;
}

/** `v1 70 %, v2 30 % (observed: v1 69 %, v2 31 %)`; empty where nothing is split. */
export function trafficText({ versions, weights }: Pick<ExperimentView, 'versions' | 'weights'>): string {
  const { now, recommended, observed } = weights;
  if (versions.length < 2 || now.length === 0) return '';
  const differs = recommended.length > 0 && JSON.stringify(now) !== JSON.stringify(recommended);
  const [first = '', ...rest] = [
    ...(isSplitKnown(weights) ? [splitText(now)] : []),
    ...(observed === undefined ? [] : [`observed: ${splitText(observed)}`]),
    ...(differs ? [`recommended: ${splitText(recommended)}`] : []),
  ];
  return rest.length === 0 ? first : `${first} (${rest.join('; ')})`;
}

/** Where no object says how traffic is split, what is stored is the default: what a backend counted says more. */
export const isSplitKnown = ({ known, observed }: ExperimentView['weights']): boolean =>
  known || observed === undefined;

const splitText = (weights: readonly Weight[]): string =>
  weights.map(({ name, value }) => `${name} ${formatPercent(value)}`).join(', ');

/** From its creation to its last change, start tasks included; NaN where one of them is not known. */
export function secondsTaken({ createdAt, startedAt, changedAt }: ExperimentView): number {
  return (Date.parse(changedAt ?? '') - Date.parse(createdAt ?? startedAt ?? '')) / 1000;
}

/** What went wrong, before what is merely to be known. */
export function problemTexts({ failure, warnings }: ExperimentView): string[] {
  return [...(failure === undefined ? [] : [`${failure.reason}: ${failure.message}`]), ...warnings];
}
