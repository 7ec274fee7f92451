/** An object whose record somebody else wrote, or damaged: shown as far as it can be, and never a crash. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createLog } from '../../src/render/progress-lines.ts';
import { renderDescribe } from '../../src/render/describe.ts';
import { renderList } from '../../src/render/experiment-list.ts';
import { themeFor } from '../../src/render/theme.ts';
import { jsonView } from '../../src/report/json-view.ts';
import { eventsBetween, whatWasReported } from '../../src/drive/events-of-changes.ts';
import type { Experiment } from '../../src/experiment/experiment.ts';
import { readRecord } from '../../src/judge/record/stored-record.ts';
import { experimentView, listRow } from '../../src/view/experiment-view.ts';
import { conformance, driveInMemory } from '../support/driving.ts';
import { runs } from '../support/search-depth.ts';

const theme = themeFor({ isTTY: false }, { mode: 'never', env: {} });

/** Everything that is done with an object that is only looked at. */
function lookAt(experiment: Experiment): void {
  const view = experimentView(experiment, 0);
  renderDescribe(view, { theme, columns: 80 });
  renderList([listRow(experiment)], { theme, namespace: 'default', now: 0 });
  JSON.stringify(jsonView(view));
  const log = createLog(theme);
  for (const event of eventsBetween(undefined, experiment, 0)) log(event);
  eventsBetween(whatWasReported(experiment), experiment, 0);
}

const path = (value: unknown): [string, unknown][] =>
  typeof value === 'object' && value !== null ? Object.entries(value) : [];

it('reads back what it wrote, and takes no nonsense for it', async () => {
  const { states } = await driveInMemory(conformance());
  const written = JSON.parse(JSON.stringify(states.at(-1))) as Experiment;
  const good = readRecord(written)!;
  expect(good.scopes.length).toBeGreaterThan(0);
  const withRecord = (record: unknown): Experiment => {
    const copy = structuredClone(written);
    copy.status!.analysis!.aggregatedBuiltinHists!.data['iter8ctl'] = record;
    return copy;
  };
  lookAt(withRecord(good));
  fc.assert(
    fc.property(fc.array(fc.nat(40), { minLength: 1, maxLength: 6 }), fc.jsonValue(), (steps, nonsense) => {
      // Walks into a copy of a real record and puts something else where it arrives.
      const record = structuredClone(good) as unknown as Record<string, unknown>;
      let at: Record<string, unknown> = record;
      for (const [index, step] of steps.entries()) {
        const entries = path(at);
        if (entries.length === 0) break;
        const [key, next] = entries[step % entries.length]!;
        if (index === steps.length - 1 || typeof next !== 'object' || next === null) {
          at[key] = nonsense;
          break;
        }
        at = next as Record<string, unknown>;
      }
      lookAt(withRecord(record));
    }),
    { numRuns: runs(250), seed: 4 },
  );
  fc.assert(
    fc.property(fc.jsonValue(), (nonsense) => lookAt(withRecord(nonsense))),
    { numRuns: runs(100), seed: 4 },
  );
});
