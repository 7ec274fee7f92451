import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readManifest } from '../../src/adapters/manifest/parse-documents.ts';
import { withDefaults } from '../../src/experiment/defaults.ts';
import type { Experiment } from '../../src/experiment/experiment.ts';
import { parseExperiment } from '../../src/experiment/parse.ts';
import { renderDescribe } from '../../src/render/describe.ts';
import { themeFor } from '../../src/render/theme.ts';
import { displayWidth } from '../../src/text/width.ts';
import { experimentView } from '../../src/view/experiment-view.ts';
import { canary, conformance, driveInMemory, failing, healthy } from '../support/driving.ts';
import { runs } from '../support/search-depth.ts';

const NOW = Date.parse('2026-11-24T08:02:00Z');
const theme = themeFor({ isTTY: false }, { mode: 'never', env: { LANG: 'C.UTF-8' } });
const text = (experiment: Experiment, columns = 80) =>
  renderDescribe(experimentView(experiment, NOW), { theme, columns });

const recorded = path.join(import.meta.dirname, '../fixtures/recorded');
const finals = readdirSync(recorded).map((folder) => {
  const { objects } = readManifest(readFileSync(path.join(recorded, folder, 'final.yaml'), 'utf8'), folder);
  const { value } = parseExperiment(objects.find(({ kind }) => kind === 'Experiment')!.value);
  return [folder, withDefaults(value!, { namespace: 'default' })] as const;
});

describe('describe', () => {
  it('says promote first, then why, then the numbers', async () => {
    const { outcome } = await driveInMemory(conformance({ collect: { numQueries: 1000 } }));
    expect(text(outcome.experiment)).toMatchInlineSnapshot(`
      "promote hello
        all 3 objectives are satisfied, each with 95 % confidence, after
          1,000 requests

      Experiment  hello-experiment (default)
      Pattern     Conformance
      Target      hello
      Stage       Completed, 1 of 1 iteration, 2 min ago

      Objectives, hello
        METRIC                  LIMIT     OBSERVED BOUND      REQUESTS VERDICT
        mean-latency            <= 500 ms 20 ms    <= 57.8 ms    1,000 ✔ satisfied
        error-rate              <= 1 %    0 %      <= 0.379 %    1,000 ✔ satisfied
        latency-95th-percentile <= 1 s    20 ms    <= 20.1 ms    1,000 ✔ satisfied

      Observed, hello
        request-count  1,000  error-count  0
        latency        mean 20 ms  p50 20 ms  p75 20 ms  p90 20 ms  p95 20 ms
                       p99 20 ms  max 20 ms"
    `);
  });

  it('says "so far" of an answer that is not the last word, and that nobody drives it', async () => {
    const { outcome } = await driveInMemory(conformance({ collect: { numQueries: 1000 } }));
    const { status } = outcome.experiment;
    const running = {
      ...outcome.experiment,
      status: {
        ...status,
        stage: 'Running',
        conditions: status?.conditions?.filter(({ type }) => type !== 'Completed'),
      },
    } as Experiment;
    const view = experimentView(running, NOW, { by: undefined, goOn: 'iter8ctl run hello --local' });
    const shown = renderDescribe(view, { theme, columns: 80 });
    expect(shown).toMatch(/^so far: promote hello\n/);
    expect(shown).toContain('\nDriver      nobody drives it; go on with: iter8ctl run hello --local\n');
    expect(renderDescribe(experimentView(running, NOW, { by: 'x' }), { theme, columns: 80 })).not.toContain('Driver');
  });

  it('shows the latency of answers, not what refused connections are counted as', async () => {
    const { outcome } = await driveInMemory(conformance({ collect: { numQueries: 200 } }), {
      service: (_, k) => (k % 4 === 3 ? { latencyMs: 1, code: 'connect' } : { latencyMs: 20, code: '200' }),
    });
    expect(text(outcome.experiment).split('Observed, hello\n')[1]).toMatchInlineSnapshot(`
      "  request-count  200  error-count  50  (connect: 50)
        latency        of 150 answers  mean 20 ms  p50 20 ms  p75 20 ms  p90 20 ms
                       p95 20 ms  p99 20 ms  max 20 ms"
    `);
  });

  it('puts two versions side by side where there is room, and below each other where not', async () => {
    const { outcome } = await driveInMemory(
      canary({ objectives: [{ metric: 'iter8-system/error-rate', upperLimit: '0.01' }] }),
      {
        service: (version, k) => (version === 'new' ? failing(20)(version, k) : healthy(version, k)),
      },
    );
    const wide = text(outcome.experiment, 140);
    expect(wide.split('\n')[0]).toBe('do not promote: keep old');
    expect(wide).toMatch(/^Objectives +old \(baseline\) +new$/m);
    expect(wide).toMatch(/error-rate +<= 1 % +0 % +\S+ \S+ +5 % +>= \S+ % +✖ violated/);
    const narrow = text(outcome.experiment, 60);
    expect(narrow).toMatch(/^Objectives, old \(baseline\)$/m);
    expect(narrow).toMatch(/^Objectives, new$/m);
  });

  it('says what is missing and how much of it when it is undecided', async () => {
    const { outcome } = await driveInMemory(
      conformance({ collect: { numQueries: 40, qps: 8 }, strength: { extend: false } }),
    );
    expect(text(outcome.experiment)).toContain('error-rate needs about 337 more requests at the present rate');
    expect(text(outcome.experiment)).toContain('40 requests\n    without an error show at most 9.00 %, limit 1 %');
  });

  it('shows the cause of a failure', async () => {
    const { outcome } = await driveInMemory(conformance(), { service: () => ({ latencyMs: 1, code: 'connect' }) });
    expect(text(outcome.experiment).replaceAll(/\n +/g, ' ')).toContain(
      'failed: hello-experiment could not be judged Start actions failed: metrics/collect: http://hello.test/ gave no HTTP answer',
    );
  });
});

describe('objects of Iter8 0.7', () => {
  it.each(finals)('%s: never promoted, judged again, and without contradiction', (_, experiment) => {
    const view = experimentView(experiment, NOW);
    expect(view.headline).toMatch(/^recorded by Iter8 0\.7 \(point estimates\): (winner .+|no winner)$/);
    const { verdict } = view.recommendation;
    if (verdict === 'promote')
      expect(
        view.objectives
          .filter((one) => one.version === view.recommendation.version)
          .every((one) => one.verdict === 'satisfied'),
      ).toBe(true);
    if (verdict === 'do not promote') expect(view.objectives.some((one) => one.verdict === 'violated')).toBe(true);
    for (const one of view.objectives) {
      const beyond = (value: number | undefined) =>
        value !== undefined && (one.side === 'upper' ? value > one.limit : value < one.limit);
      if (one.verdict === 'satisfied' && one.method === 'evidence')
        expect(beyond(one.side === 'upper' ? one.upper : one.lower)).toBe(false);
      if (one.verdict === 'violated') expect(beyond(one.estimate)).toBe(true);
    }
    for (const columns of [40, 80, 140]) {
      for (const line of text(experiment, columns).split('\n'))
        expect(displayWidth(line), line).toBeLessThanOrEqual(columns);
    }
  });
});

describe('hostile text', () => {
  const hostile = fc.oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 60 }),
    fc.constantFrom(
      '\u001b[2J\u001b]0;owned\u0007',
      '漢字'.repeat(40),
      'e\u0301'.repeat(50),
      '👩‍👩‍👧‍👦'.repeat(20),
      'x'.repeat(300),
      '\u202edetsurt',
      'a\nb\rc\td',
      '\u009b31m',
    ),
  );
  it('reaches no terminal as a command, and breaks no width', () => {
    fc.assert(
      fc.property(hostile, hostile, hostile, fc.constantFrom(80, 120), (name, version, message, columns) => {
        const base = finals.find(([folder]) => folder === 'l4-dies')![1];
        const data = base.status!.analysis!.aggregatedBuiltinHists!.data;
        const experiment: Experiment = {
          ...base,
          metadata: { ...base.metadata, name },
          spec: { ...base.spec, target: message, versionInfo: { baseline: { name: version } } },
          status: {
            ...base.status,
            message,
            analysis: { ...base.status!.analysis, aggregatedBuiltinHists: { data: { [version]: data['base'] } } },
          },
        };
        const shown = text(experiment, columns);
        // eslint-disable-next-line no-control-regex
        expect(shown).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
        for (const line of shown.split('\n')) expect(displayWidth(line), line).toBeLessThanOrEqual(columns);
      }),
      { numRuns: runs(100) },
    );
  });

  it('in free-form places of any shape is survived', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (histogram, codes) => {
        const base = finals.find(([folder]) => folder === 'l4-dies')![1];
        const experiment: Experiment = {
          ...base,
          status: {
            ...base.status,
            analysis: {
              aggregatedBuiltinHists: {
                data: { base: { DurationHistogram: histogram, RetCodes: codes }, iter8ctl: histogram },
              },
            },
          },
        };
        expect(text(experiment)).toMatch(/recorded by Iter8 0\.7|its record is damaged/);
      }),
    );
  });
});
