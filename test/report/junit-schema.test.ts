/** JUnit reports are accepted by the schema that the xUnit plugin of Jenkins publishes, in the eyes of libxml2. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { validateXML } from 'xmllint-wasm';
import { TimeoutError } from '../../src/errors.ts';
import { withDefaults } from '../../src/experiment/defaults.ts';
import type { Experiment } from '../../src/experiment/experiment.ts';
import { runComparisonJunit, selfComparisonJunit } from '../../src/report/comparison-junit.ts';
import { renderJunit } from '../../src/report/experiment-junit.ts';
import { experimentView } from '../../src/view/experiment-view.ts';
import { canary, conformance, driveInMemory, failing, healthy } from '../support/driving.ts';
import { comparedRuns, comparedWithItself } from '../support/compared.ts';
import { drivenCanary, hostileText, withTexts } from '../support/reported.ts';

const NOW = Date.parse('2026-11-25T12:00:00Z');
const junit = (experiment: Experiment) => renderJunit(experimentView(experiment, NOW));
const schema = readFileSync(path.join(import.meta.dirname, '../fixtures/schemas/junit-10.xsd'), 'utf8');

async function errorsOf(documents: readonly string[]): Promise<string[]> {
  const { errors } = await validateXML({
    xml: documents.map((contents, at) => ({ fileName: `report-${at}.xml`, contents })),
    schema,
    initialMemoryPages: 1024,
    maxMemoryPages: 4096,
  });
  return errors.map(({ rawMessage }) => rawMessage);
}

/** A baseline and nine candidates; one of them fails. */
async function tenVersions(): Promise<Experiment> {
  const names = Array.from({ length: 10 }, (_, at) => `v${at}`);
  const base = conformance({
    collect: { numQueries: 10, versions: names.map((name) => ({ name, url: `http://${name}.test/` })) },
  });
  const [baseline, ...candidates] = names.map((name) => ({ name }));
  const { outcome } = await driveInMemory(
    {
      ...base,
      spec: {
        ...base.spec,
        strategy: { ...base.spec.strategy, testingPattern: 'A/B/N', deploymentPattern: 'FixedSplit' },
        criteria: {
          ...base.spec.criteria,
          rewards: [{ metric: 'iter8-system/mean-latency', preferredDirection: 'Low' }],
        },
        versionInfo: { baseline, candidates },
      } as never,
    },
    { service: (version, k) => (version === 'v3' ? failing(2) : healthy)(version, k) },
  );
  return outcome.experiment;
}

it('accepts what an experiment says before, during and after it, with ten versions, whatever its texts are', async () => {
  const driven = await drivenCanary();
  const ten = await tenVersions();
  const written = withDefaults(canary(), { name: 'new', namespace: 'default' });
  const gone = { run: () => Promise.reject(new TimeoutError('no such <file>')) };
  const { outcome } = await driveInMemory(conformance({ actions: { start: [{ run: 'x' }] } }), { tasks: gone });
  const failed = outcome.experiment;
  expect(experimentView(failed, NOW).recommendation.verdict).toBe('failed');
  expect(experimentView(ten, NOW).versions).toHaveLength(10);
  const texts = fc.sample(hostileText, { numRuns: 12, seed: 7 });
  // All of them at once: a text that breaks out of one breaks out of the joined one.
  const all = [driven, ten, written, failed];
  const reports = [
    ...all.map(junit),
    ...[...texts, texts.join('')].map((text, at) => junit(withTexts(all[at % all.length]!, text))),
  ];
  const compared = [...texts.slice(0, 4), 'x'].flatMap((text) => [
    runComparisonJunit(comparedRuns(text)),
    selfComparisonJunit(comparedWithItself(text)),
  ]);
  expect(await errorsOf([...reports, ...compared])).toEqual([]);
});

it('would see what the schema does not allow', async () => {
  const report = junit(await drivenCanary());
  const wrong = [
    report.replace('<testcase ', '<testcase tags="x" '),
    report.replace(/ errors="0" skipped/, ' skipped'),
    report.replace(/ time="[^"]*"/, ' time="1 s"'),
    report.replace('</testsuite>', ''),
  ];
  const errors = await errorsOf(wrong);
  for (const [at] of wrong.entries()) expect(errors.join('\n')).toContain(`report-${at}.xml`);
});
