/** Why an answer is what it is, for people: the limits in the order of their weight, each with what would turn it. */
import { openSentence, verdictSentence } from '../judge/wording/sentences.ts';
import { formatAge } from '../text/age.ts';
import { sanitizeLine } from '../text/sanitize.ts';
import { formatLowerBound, formatUpperBound, formatValue } from '../text/units.ts';
import { wrap } from '../text/wrap.ts';
import type { ExplainedLimit, Explanation, Odds } from '../view/explanation.ts';
import type { MeasuredValue } from '../view/experiment-view.ts';
import type { Theme } from './theme.ts';

export interface ExplainOptions {
  readonly theme: Theme;
  readonly columns: number;
}

export function renderExplanation({ view, limits }: Explanation, { theme, columns }: ExplainOptions): string {
  const { verdict, reasons } = view.recommendation;
  const head = [
    ...wrap(sanitizeLine(view.headline), { columns, rest: '  ' }).map((line) => theme.headline(verdict, line)),
    // Where limits say why, they say it below.
    ...(limits.length > 0
      ? []
      : reasons.flatMap((reason) => wrap(sanitizeLine(reason), { columns, first: '  ', rest: '    ' }))),
  ];
  const several = view.versions.length > 1;
  const blocks = limits.map((limit, index) => limitLines(limit, index + 1, { several, now: view.now, columns, theme }));
  return [head, ...blocks].map((lines) => lines.join('\n')).join('\n\n');
}

function limitLines(
  explained: ExplainedLimit,
  number: number,
  { several, now, columns, theme }: ExplainOptions & { readonly several: boolean; readonly now: number },
): string[] {
  const { assessment, measured } = explained;
  const sentence =
    assessment.verdict === 'undecided' ? openSentence(assessment, { several }) : verdictSentence(assessment);
  const [first = '', ...rest] = wrap(sanitizeLine(sentence), { columns, first: `${number}. `, rest: '   ' });
  const facts = [
    oddsText('within its limit', explained.within),
    oddsText('beyond its limit', explained.beyond),
    turnText(explained),
    measured === undefined ? undefined : measuredText(measured, now),
  ];
  return [
    ...[first, ...rest].map((line) => theme.ofVerdict(assessment.verdict, line)),
    ...facts.flatMap((fact) =>
      fact === undefined ? [] : wrap(sanitizeLine(fact), { columns, first: '   ', rest: '     ' }),
    ),
  ];
}

function oddsText(what: string, odds: Odds | undefined): string | undefined {
  if (odds === undefined) return undefined;
  const { odds: reached, needed } = odds;
  const isReached = reached >= needed * (1 - 1e-9);
  const shown =
    reached > 1e9 ? 'more than 1e9' : reached < 1e-3 ? 'less than 0.001' : formatValue(reached, 'plain', needed);
  return `that it is ${what}: ${shown} to 1, ${formatValue(needed, 'plain')} to 1 ${isReached ? 'was needed' : 'is needed'}`;
}

/** `satisfied at a limit of 44.1 ms and more, violated below 12 ms`. */
function turnText({ assessment: { side, unit }, turns }: ExplainedLimit): string | undefined {
  if (turns === undefined) return undefined;
  const { satisfiedFrom, violatedBeyond } = turns;
  const isUpper = side === 'upper';
  const upper = (value: number) => formatUpperBound(value, unit);
  const lower = (value: number) => formatLowerBound(value, unit);
  const parts = [
    ...(satisfiedFrom === undefined
      ? []
      : [
          `satisfied at any limit of ${isUpper ? `${upper(satisfiedFrom)} or more` : `${lower(satisfiedFrom)} or less`}`,
        ]),
    ...(violatedBeyond === undefined
      ? []
      : [`violated at any ${isUpper ? `below ${lower(violatedBeyond)}` : `above ${upper(violatedBeyond)}`}`]),
  ];
  return `these requests would be: ${parts.join(', ')}`;
}

function measuredText({ value, n, at, query, failure }: MeasuredValue, now: number): string {
  const age = Date.parse(at ?? '');
  const answer = [
    value === undefined ? 'no value' : formatValue(value, 'plain'),
    ...(n === undefined ? [] : [`n = ${formatValue(n, 'plain')}`]),
    ...(Number.isNaN(age) ? [] : [formatAge(now - age)]),
    ...(failure === undefined ? [] : [failure.message]),
  ];
  return `asked: ${query === '' ? 'nothing' : query}; answered: ${answer.join(', ')}`;
}
