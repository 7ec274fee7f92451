import { expect, it } from 'vitest';
import { jsonText } from '../../src/report/json-text.ts';
import { jsonView } from '../../src/report/json-view.ts';
import { experimentView } from '../../src/view/experiment-view.ts';
import { conformance, driveInMemory } from '../support/driving.ts';
import { fakeClock } from '../support/fake-clock.ts';

const saidOf = ({ log, outcome }: Awaited<ReturnType<typeof driveInMemory>>) =>
  JSON.stringify([
    log,
    outcome.experiment.status,
    jsonText(jsonView(experimentView(outcome.experiment, fakeClock().now()))),
  ]);

it('the message of a gate is shown and stored without what stands before a host', async () => {
  const stop = new AbortController();
  const message = 'look at https://me:CANARY-99887766@grafana.test/d';
  const drive = await driveInMemory(conformance({ actions: { start: [{ task: 'gate', with: { message } }] } }), {
    options: { stop: stop.signal },
    onEvent: (event) => {
      if (event.kind === 'waiting') stop.abort();
    },
  });
  expect(saidOf(drive)).toContain('grafana.test');
  expect(saidOf(drive)).not.toContain('CANARY');
});

it('a key that begins with a dollar is a key: nothing is put into headers of load', async () => {
  const versions = [{ name: 'hello', url: 'http://hello.test/', headers: { 'X-Api-Key': '$ecretTOKEN' } }];
  expect(saidOf(await driveInMemory(conformance({ collect: { versions } })))).not.toContain('ecretTOKEN');
});
