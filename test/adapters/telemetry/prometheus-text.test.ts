/** The text for Prometheus, read by Prometheus' own tool. */
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { prometheusText } from '../../../src/adapters/telemetry/prometheus-text.ts';
import { controllerSamples } from '../../../src/telemetry/controller-samples.ts';
import { experimentSamples } from '../../../src/telemetry/experiment-samples.ts';
import { byFamily, FAMILIES } from '../../../src/telemetry/families.ts';
import { experimentView } from '../../../src/view/experiment-view.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { itUnless, missingProgram } from '../../support/needs.ts';
import { measuredCanary } from '../../support/measured-canary.ts';

const TEXT = 'text/plain; version=0.0.4; charset=utf-8';
const OPEN_METRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8';
const leader = { leading: true, locked: 3, turns: 2, unfinished: 5, completed: 7, failedAttempts: 1 };
const ofController = byFamily(controllerSamples(leader));

itUnless(missingProgram('promtool'))('is what promtool takes, names by its conventions included', async () => {
  const { outcome } = await measuredCanary();
  const view = experimentView(outcome.experiment, fakeClock().now());
  const hostile = { ...view, name: 'a"b\\c\nd{e="f"} 1\n# HELP x', namespace: '\u202e</x>' };
  const samples = [...experimentSamples(view, true), ...experimentSamples(hostile), ...controllerSamples(leader)];
  const { text } = await prometheusText(byFamily(samples), '');
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
  expect(`${stdout}${stderr}`).toBe('');
  expect(status).toBe(0);
  expect(text).toContain('namespace="\\\\u202e</x>",experiment="a\\"b\\\\c\\\\nd{e=\\"f\\"} 1\\\\n# HELP x"');
  expect(text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))).toHaveLength(samples.length);
});

it('counts from nothing at each scrape', async () => {
  const [one, other] = [await prometheusText(ofController, ''), await prometheusText(ofController, '')];
  expect(one).toEqual(other);
  expect(one.text).toContain('\niter8ctl_experiments_completed_total 7\n');
  expect(one.text).toContain('\niter8ctl_experiments_waiting 1\n');
  expect(one.text).toContain('\niter8ctl_experiments_queued 2\n');
});

describe('the format', () => {
  it.each([
    ['', TEXT],
    ['*/*', TEXT],
    ['text/plain', TEXT],
    [
      'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;q=0.5',
      OPEN_METRICS,
    ],
    ['application/openmetrics-text;q=0.3, text/plain;q=0.5', TEXT],
    ['application/openmetrics-text;q=0', TEXT],
    ['application/openmetrics-text;q=x', TEXT],
  ])('for %j is %s', async (accept, type) => {
    const answer = await prometheusText(ofController, accept);
    expect(answer.type).toBe(type);
    expect(answer.text.endsWith('# EOF\n')).toBe(type === OPEN_METRICS);
    expect(answer.text).toContain('iter8ctl_experiments_completed_total 7\n');
  });
});

it('has a sentence about each family', () => {
  for (const { help, name, type, unit } of FAMILIES.values()) {
    expect(help).toMatch(/\.$/);
    expect(name.endsWith('_total')).toBe(type === 'counter');
    if (unit !== 'none') expect(name).toMatch(new RegExp(`_${unit}$`));
  }
});
