/** Every real object that we have, read and written back. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readManifest } from '../../../src/adapters/manifest/parse-documents.ts';
import { writeYaml } from '../../../src/adapters/manifest/write-yaml.ts';
import { checkExperiment, validateMetric } from '../../../src/validation/validate.ts';
import { metricWithDefaults, withDefaults } from '../../../src/experiment/defaults.ts';
import { parseExperiment, parseMetric } from '../../../src/experiment/parse.ts';
import { describeUnless } from '../../support/needs.ts';
import { DESCRIBED, missingSamples, SAMPLES } from '../../support/others-samples.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const recorded = join(root, 'test/fixtures/recorded');

function yamlFiles(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.yaml'))
    .toSorted()
    .map((name) => join(folder, name));
}

const objectsOf = (file: string) => readManifest(readFileSync(file, 'utf8'), file);

/** That everything written is there in what was read, which may have more: defaults. */
function expectNothingLost(written: unknown, read: unknown): void {
  if (typeof written !== 'object' || written === null) return expect(read).toBe(written);
  if (Array.isArray(written)) expect(read).toHaveLength(written.length);
  for (const [key, item] of Object.entries(written)) {
    expect(read).toBeTypeOf('object');
    expectNothingLost(item, Object.entries(read ?? {}).find(([other]) => other === key)?.[1]);
  }
}

function roundTrip(file: string): void {
  const { objects, issues } = objectsOf(file);
  expect(issues).toEqual([]);
  expect(objects.length).toBeGreaterThan(0);
  for (const { kind, value } of objects) {
    expect(readManifest(writeYaml(value), 'written').objects[0]!.value).toEqual(value);
    if (kind === 'Experiment') {
      const parsed = parseExperiment(value);
      expect(parsed.issues).toEqual([]);
      expect(readManifest(writeYaml(parsed.value), 'written').objects[0]!.value).toEqual(value);
      const full = withDefaults(parsed.value!, { namespace: 'default' });
      const again = parseExperiment(readManifest(writeYaml(full), 'written').objects[0]!.value);
      expect(again.issues).toEqual([]);
      expect(again.value).toEqual(full);
      expectNothingLost(value, again.value);
    }
    if (kind === 'Metric') {
      const parsed = validateMetric(value);
      expect(parsed.issues).toEqual([]);
      const full = metricWithDefaults(parsed.value!, { namespace: 'default' });
      expectNothingLost(value, parseMetric(readManifest(writeYaml(full), 'written').objects[0]!.value).value);
    }
  }
}

/** What status.message of a recorded experiment would say. */
function statusOf(name: string) {
  const experiment = objectsOf(join(recorded, name, 'final.yaml')).objects[0]!;
  return checkExperiment(parseExperiment(experiment.value).value!).map(({ status }) => status);
}

describe('objects recorded from Iter8 0.7', () => {
  it.each(yamlFiles(recorded).map((file) => [file.slice(recorded.length + 1), file]))(
    '%s is read and written back',
    (_name, file) => {
      roundTrip(file);
    },
  );

  /** What the rules say about each manifest; those that are not here may run. */
  const refused: Readonly<Record<string, readonly string[]>> = {
    'h1-finish': [
      'spec.strategy.actions.finish[5].with.url: is missing; expected an http or https URL',
      'spec.strategy.actions.finish[5].with.URL: unknown input; did you mean url?',
      'spec.strategy.actions.finish[0].run: placeholder @< .Name >@, @< .Namespace >@, @< .Spec.VersionInfo.Baseline.Name >@, @< .Status.VersionRecommendedForPromotion >@, @< .Status.Stage >@, @< .Status.CompletedIterations >@, @< .CandidateWon >@: each is only a part of a word; write it as a word of its own, or in a line before: set -- @< .Name >@, and here "$1"',
      'spec.strategy.actions.finish[8].run: placeholder @< .Secret "token" >@ is only a part of a word; write it as a word of its own, or in a line before: set -- @< .Secret "token" >@, and here "$1"',
    ],
    // Iter8 0.7 pasted values into the text of scripts, wherever they stood.
    'p1-two-collects': [
      'spec.strategy.actions.finish[1].run: placeholder @< .WinnerFound >@, @< .Status.Analysis.WinnerAssessment.Data.Winner >@, @< (index .Status.Conditions 0).Reason >@, @< .Status.Analysis.Weights.Data >@: each is only a part of a word; write it as a word of its own, or in a line before: set -- @< .WinnerFound >@, and here "$1"',
    ],
    'i01-canary-no-candidate': ['spec.versionInfo.candidates: expected 1 candidate for Canary, got none'],
    'i05-dup-names': [
      'spec.versionInfo.candidates[0].name: "base" is the name of spec.versionInfo.baseline too; names of versions must differ',
    ],
    'i07-run-and-task': [
      'spec.strategy.actions.start[0]: expected either task or run, got both',
      'spec.strategy.actions.start[0].with.versions: is missing; expected a list',
    ],
    'i12-objective-no-limits': [
      'spec.criteria.objectives[0]: expected upperLimit or lowerLimit, got neither; to observe "default/mock-latency" only, list it under indicators',
    ],
    'o3-strength': [
      'spec.criteria.strength.anything: unknown setting; there are: confidence, extend, maxSeconds, maxRequests, minSeconds, minRequests, inFlightSeconds, rewardDelay, stopEarly, noData, noDataFor, relative, margin, cap, policy, onChange',
    ],
  };

  it.each(readdirSync(recorded))('%s breaks the rules that it should, and no others', (name) => {
    const experiment = objectsOf(join(recorded, name, 'manifest.yaml')).objects.find(
      ({ kind }) => kind === 'Experiment',
    )!;
    const issues = checkExperiment(parseExperiment(experiment.value).value!);
    expect(issues.map(({ path, message }) => `${path}: ${message}`)).toEqual(refused[name] ?? []);
  });

  it('says in status.message what Iter8 0.7 said', () => {
    expect(statusOf('i01-canary-no-candidate')).toEqual(['Invalid number of candidates for Canary experiment']);
    expect(statusOf('i05-dup-names')).toEqual(['Version names are not unique']);
  });

  it('keeps quantities as they were written', () => {
    const file = join(recorded, 'k2-oddvalues/final.yaml');
    const text = writeYaml(parseExperiment(objectsOf(file).objects[0]!.value).value);
    expect(text).toContain('value: "150e-9"'); // in quotes: YAML would read a number
    expect(readManifest(text, 'written').objects[0]!.value).toEqual(objectsOf(file).objects[0]!.value);
  });
});

describeUnless(missingSamples)('objects of others', () => {
  // One row at least: an empty table would be no test, and nothing that is skipped.
  const named = (...folders: string[]) => {
    const files = folders.flatMap(yamlFiles).map((file) => [basename(file), file] as const);
    return files.length > 0 ? files : [['none', ''] as const];
  };

  it.each(named(SAMPLES, DESCRIBED))('%s is read and written back', (_name, file) => {
    roundTrip(file);
  });

  it.each(named(SAMPLES))('%s may run', (_name, file) => {
    for (const { kind, value } of objectsOf(file).objects) {
      if (kind === 'Experiment') expect(checkExperiment(parseExperiment(value).value!)).toEqual([]);
    }
  });
});
