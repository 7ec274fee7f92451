/** How traffic is split, should be split and was split, step by step. */
import type { Weight } from '../experiment/experiment.ts';
import { sanitizeLine } from '../text/sanitize.ts';
import { formatPercent } from '../text/units.ts';
import type { ExperimentView } from '../view/experiment-view.ts';
import { fact } from './fact.ts';
import type { Theme } from './theme.ts';

/** So many percentages stand beside the bars; of more steps the first and the last. */
const SHOWN_STEPS = 6;

export function trafficLines(
  view: ExperimentView,
  options: { readonly theme: Theme; readonly columns: number },
): string[] {
  const { now, recommended, observed } = view.weights;
  const { columns } = options;
  if (view.versions.length < 2 || now.length === 0) return [];
  // Where no object says how traffic is split, what is stored is the default.
  const stored = view.weights.known || observed === undefined ? [splitText(now)] : [];
  const differs =
    recommended.length > 0 && JSON.stringify(now) !== JSON.stringify(recommended)
      ? [`recommended: ${splitText(recommended)}`]
      : [];
  const seen = observed === undefined ? [] : [`observed: ${splitText(observed)}`];
  const [first, ...rest] = [...stored, ...seen, ...differs];
  const beside = rest.length === 0 ? '' : ` (${rest.join('; ')})`;
  return [...fact('Traffic', `${first ?? ''}${beside}`, columns), ...stepLines(view, options)];
}

const splitText = (weights: readonly Weight[]): string =>
  weights.map(({ name, value }) => `${sanitizeLine(name)} ${formatPercent(value)}`).join(', ');

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
      return fact(index === 0 ? 'Steps' : '', `${sanitizeLine(name)} ${bars} ${text}`, columns);
    });
}
