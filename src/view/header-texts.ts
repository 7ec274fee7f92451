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

/** `v1 70 %, v2 30 %`. */
export function splitText(weights: readonly Weight[]): string {
  return weights.map(({ name, value }) => `${name} ${formatPercent(value)}`).join(', ');
}

/** From its creation to its last change, start tasks included; NaN where one of them is not known. */
export function secondsTaken({ createdAt, startedAt, changedAt }: ExperimentView): number {
  return (Date.parse(changedAt ?? '') - Date.parse(createdAt ?? startedAt ?? '')) / 1000;
}

/** What went wrong, before what is merely to be known. */
export function problemTexts({ failure, warnings }: ExperimentView): string[] {
  return [...(failure === undefined ? [] : [`${failure.reason}: ${failure.message}`]), ...warnings];
}
