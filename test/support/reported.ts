/** Experiments that have been driven, for tests of what is reported of them. */
import fc from 'fast-check';
import type { Experiment } from '../../src/experiment/experiment.ts';
import { withMoment } from '../../src/judge/record/run-over-time.ts';
import { readRecord, withRecord, type Iter8Record } from '../../src/judge/record/stored-record.ts';
import { experimentView } from '../../src/view/experiment-view.ts';
import { canary, conformance, driveInMemory } from './driving.ts';

/** A canary that was judged, with a story of half a minute. */
export async function drivenCanary(): Promise<Experiment> {
  const { outcome } = await driveInMemory(canary());
  const { experiment } = outcome;
  const record = readRecord(experiment)!;
  const seconds = Array.from({ length: 30 }, (_, at) => at + 1);
  const { versions } = experimentView(experiment, 0);
  const story = seconds.reduce<Iter8Record>(
    (sum, second) =>
      withMoment(sum, {
        timeMs: 1_000_000 + 1_000 * second,
        versions: versions.map(({ name }) => name),
        assessments: record.assessments.map((one) => ({ ...one, lnSatisfied: second / 4, lnViolated: -second / 4 })),
        weights: versions.map(({ name }, at) => ({ name, value: at === 0 ? 100 - second : second })),
        counted: new Map(versions.map(({ name }) => [name, { n: 50 * second, errors: second, sumMs: 600 * second }])),
      }),
    { ...record, history: undefined },
  );
  return { ...experiment, status: withRecord(experiment.status!, story, '2026-11-25T12:00:00Z') };
}

export async function drivenConformance(): Promise<Experiment> {
  const { outcome } = await driveInMemory(conformance());
  return outcome.experiment;
}

/** What others may write into names, messages and metrics: markup, controls, marks of Markdown, links, anything. */
export const hostileText: fc.Arbitrary<string> = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '<script>alert(1)</script>',
        '</td></tr></table>',
        ']]>',
        '-->',
        '|',
        '`',
        '```',
        '**',
        '[x](javascript:alert(1))',
        '![](http://example.test/x.png)',
        'https://example.test',
        'www.example.test',
        '@someone',
        '#12',
        ':tada:',
        '&lt;',
        '&#60;',
        '"',
        "'",
        '\n',
        '\r\n',
        '\u0000',
        '\u001b[31m',
        '\u202e',
        '\ufffe',
        '\ud800',
        '- ',
        '1. ',
        '---',
        '::error::x',
        '%0A',
      ),
      fc.string({ maxLength: 6, unit: 'binary' }),
      fc.string({ maxLength: 6 }),
    ),
    { minLength: 1, maxLength: 6 },
  )
  .map((parts) => parts.join(''));

/** The same experiment with other people's words in every place that takes words. */
export function withTexts(experiment: Experiment, text: string): Experiment {
  const replaced = JSON.parse(
    JSON.stringify(experiment, (key, value: unknown) =>
      ['version', 'metric', 'text', 'reason', 'message', 'headline', 'target', 'detail', 'to'].includes(key) &&
      typeof value === 'string' &&
      !['evidence', 'exact', 'point'].includes(value)
        ? `${value}x${text}`
        : value,
    ),
  ) as Experiment;
  return { ...replaced, metadata: { ...replaced.metadata, name: `x${text}`, namespace: text } };
}
