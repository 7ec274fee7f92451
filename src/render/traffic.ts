/** How traffic is split, should be split and was split, step by step. */
import { sanitizeLine } from '../text/sanitize.ts';
import { formatPercent } from '../text/units.ts';
import type { ExperimentView } from '../view/experiment-view.ts';
import { trafficText } from '../view/header-texts.ts';
import { labelledLine } from './labelled-line.ts';
import type { Theme } from './theme.ts';

/** So many percentages stand beside the bars; of more steps the first and the last. */
const SHOWN_STEPS = 6;

export function trafficLines(
  view: ExperimentView,
  options: { readonly theme: Theme; readonly columns: number },
): string[] {
  const text = trafficText(view);
  if (text === '') return [];
  return [...labelledLine('Traffic', sanitizeLine(text), options.columns), ...stepLines(view, options)];
}

/** A bar for each step of each candidate. */
function stepLines(
  view: ExperimentView,
  { theme, columns }: { readonly theme: Theme; readonly columns: number },
): string[] {
  const { steps = [] } = view.weights;
  if (steps.length < 2) return [];
  return view.versions
    .filter(({ role }) => role === 'candidate')
    .flatMap(({ name }, index) => {
      const percents = steps.map((step) => step.find((weight) => weight.name === name)?.value ?? 0);
      const bars = percents.map((percent) => theme.stepBar(percent / 100)).join('');
      const texts =
        percents.length > SHOWN_STEPS ? [...percents.slice(0, 3), undefined, ...percents.slice(-2)] : percents;
      const text = texts.map((percent) => (percent === undefined ? '...' : formatPercent(percent))).join(', ');
      return labelledLine(index === 0 ? 'Steps' : '', `${sanitizeLine(name)} ${bars} ${text}`, columns);
    });
}
