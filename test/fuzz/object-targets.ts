/** Whole objects, records, theirs, manifests and files of the store, as commands read them. */
import { checkExperiment } from '../../src/validation/validate.ts';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { readManifest } from '../../src/adapters/manifest/parse-documents.ts';
import { writeYaml } from '../../src/adapters/manifest/write-yaml.ts';
import { experimentIn, metricIn, readObjectFile, fileOf } from '../../src/adapters/store/file-object.ts';
import { eventsBetween } from '../../src/drive/events-of-changes.ts';
import type { Issue } from '../../src/errors.ts';
import { withDefaults } from '../../src/experiment/defaults.ts';
import type { Experiment } from '../../src/experiment/experiment.ts';
import { parseExperiment, parseMetric } from '../../src/experiment/parse.ts';
import { parseSlo } from '../../src/experiment/slo-flag.ts';
import { refuseDamage } from '../../src/judge/record/damage.ts';
import { renderDescribe } from '../../src/render/describe.ts';
import { renderList } from '../../src/render/experiment-list.ts';
import { createLog } from '../../src/render/progress-lines.ts';
import { replayObject, replayRecord, type ReplayChange } from '../../src/replay/replay.ts';
import { jsonText } from '../../src/report/json-text.ts';
import { jsonView } from '../../src/report/json-view.ts';
import { experimentView, listRow } from '../../src/view/experiment-view.ts';
import { damagedJson, damagedText } from './mutate.ts';
import { type Target, NOW, theme, orSentence, asSentence, objects, ours, records, theirs } from './target.ts';

/** An experiment that may be looked at, with all that `run` would say of it. */
function strictly(value: unknown): { readonly issues: readonly Issue[] } {
  const { value: experiment, issues } = parseExperiment(value);
  return experiment === undefined ? { issues } : { issues: [...issues, ...checkExperiment(experiment)] };
}

/** As the commands that look do; undefined with sentences about what is wrong. */
function lookedAt(value: unknown): { readonly experiment: Experiment } | { readonly refused: string } {
  const { value: parsed, issues } = parseExperiment(value);
  if (parsed === undefined) return { refused: asSentence(issues) };
  const { name = 'x', namespace = 'default' } = parsed.metadata;
  return { experiment: refuseDamage(withDefaults(parsed, { name, namespace })) };
}

function everyView(experiment: Experiment): string {
  const view = experimentView(experiment, NOW);
  return [
    renderDescribe(view, { theme, columns: 80 }),
    jsonText(jsonView(view), 2),
    writeYaml(jsonView(view)),
    jsonText(experiment),
    renderList([listRow(experiment)], { theme, namespace: undefined, now: NOW }),
  ].join('\n');
}

export const describeTarget: Target = {
  name: 'describe',
  inputs: damagedJson(objects),
  shown: (value) =>
    orSentence(() => {
      const looked = lookedAt(value);
      return 'refused' in looked ? looked.refused : everyView(looked.experiment);
    }),
};

export const listTarget: Target = {
  name: 'list-and-watch',
  cost: 2,
  inputs: fc.tuple(damagedJson(objects), damagedJson(objects)),
  // A list and a watcher refuse nothing: one damaged object must not hide the others.
  shown: (pair) =>
    orSentence(() => {
      const [before, after] = (pair as unknown[]).map((value) => {
        const { value: parsed } = parseExperiment(value);
        return parsed === undefined ? undefined : withDefaults(parsed, { name: 'x', namespace: 'default' });
      });
      if (after === undefined) return '';
      const log = createLog(theme);
      const events = eventsBetween(before, after, NOW).map((event) => log(event) ?? '');
      return [...events, everyView(after)].join('\n');
    }),
};

const replayChange: fc.Arbitrary<ReplayChange> = fc.record({
  objectives: fc.oneof(
    fc.constant(undefined),
    fc.constantFrom('p95<=300ms', 'error-rate<=1%', 'mean>=1', 'p99.9<=0.5s').map((slo) => [parseSlo(slo)]),
  ),
  strength: fc.constantFrom({}, { confidence: 'none' }, { confidence: 0.99 }, { minRequests: 5 }),
});

export const replayObjectTarget: Target<[unknown, ReplayChange]> = {
  name: 'replay-object',
  inputs: fc.tuple(damagedJson(objects), replayChange),
  shown: ([value, change]) =>
    orSentence(() => {
      const looked = lookedAt(value);
      return 'refused' in looked ? looked.refused : everyView(replayObject(looked.experiment, change));
    }),
};

export const replayRecordTarget: Target<[unknown, ReplayChange]> = {
  name: 'replay-record',
  cost: 5,
  inputs: fc.tuple(damagedJson(records), replayChange),
  shown: ([lines, change]) =>
    orSentence(() => (Array.isArray(lines) ? everyView(replayRecord(lines, change)) : 'no lines')),
};

export const manifestTarget: Target<string> = {
  name: 'manifest',
  inputs: damagedText([...ours, ...theirs]),
  shown: (text) =>
    orSentence(() => {
      const { objects: found, issues } = readManifest(text, 'm.yaml');
      const more = found.flatMap(({ value, locate, kind }) =>
        (kind === 'Metric' ? parseMetric(value) : strictly(value)).issues.map(locate),
      );
      return asSentence([...issues, ...more]);
    }),
};

const STORED = { key: { namespace: 'default', name: 'e' }, path: '/x/e.yaml' };
export const storeTarget: Target<string> = {
  name: 'store',
  inputs: fc.oneof(
    damagedText(objects.map((object) => fileOf(object as Parameters<typeof fileOf>[0], STORED).text)),
    damagedText([...ours, ...theirs]),
  ),
  shown: (text) =>
    orSentence(() => {
      const file = readObjectFile({ ...STORED, text });
      const written = fileOf(file.object, STORED);
      const again = readObjectFile(written);
      if (!isDeepStrictEqual(again.object, file.object)) throw new Error('what was written reads otherwise');
      if ((file.object as { kind?: unknown }).kind === 'Metric') metricIn(file);
      return everyView(experimentIn(file));
    }),
};
