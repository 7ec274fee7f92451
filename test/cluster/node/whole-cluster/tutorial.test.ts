/** The tutorial, word for word, on a whole cluster: with a good, a slow and a failing candidate, and as it was in Iter8 0.7. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  beginWatch,
  describeLab,
  freshNamespace,
  iter8ctlProcess,
  kubectl,
  removeController,
  storyOf,
  watchWithKubectl,
} from '../../../support/cluster.ts';
import { makeImage } from '../../../support/lab-image.ts';

const root = path.join(import.meta.dirname, '../../../..');
const fixtures = path.join(root, 'test/fixtures');
const HELLO = 'gcr.io/google-samples/hello-app:2.0';
const CONTROLLER = 'iter8ctl:test';
const COMPLETED = /ExperimentCompleted/;

/** Applies the manifest and watches it as the tutorial does. */
async function runTutorial(namespace: string, manifest: string): Promise<string[]> {
  const here = ['-n', namespace];
  await kubectl(['delete', 'experiments.iter8.tools', 'hello-experiment', ...here, '--ignore-not-found']);
  const { lines } = await beginWatch('hello-experiment', namespace, COMPLETED);
  await kubectl(['apply', ...here, '-f', '-'], manifest);
  return storyOf(await lines);
}
const read = (...parts: readonly string[]) => readFileSync(path.join(root, ...parts), 'utf8');
const sample = () => read('samples/hello/experiment.yaml');

/** The tutorial in a namespace of its own, with a candidate that has these flags of the sample service. */
async function runWith(...args: readonly string[]): Promise<string> {
  const namespace = await freshNamespace('hello');
  const here = ['-n', namespace];
  await kubectl(['apply', ...here, '-f', path.join(fixtures, 'hello-candidate.yaml')]);
  const patch = { spec: { template: { spec: { containers: [{ name: 'hello', args }] } } } };
  await kubectl(['patch', 'deployment', 'hello-candidate', ...here, '-p', JSON.stringify(patch)]);
  await kubectl(['rollout', 'status', 'deployment/hello-candidate', ...here, '--timeout=90s']);
  const url = 'http://hello-candidate.default:8080';
  // Those of one target run one after another.
  const manifest = sample().replace('target: hello\n', `target: ${namespace}\n`);
  expect(manifest).toContain(url);
  await runTutorial(namespace, manifest.replace(url, url.replace('default', namespace)));
  return namespace;
}

describeLab('the tutorial', () => {
  beforeAll(async () => {
    await makeImage(HELLO, 'hello');
    await makeImage(CONTROLLER, 'iter8ctl');
    const installed = await iter8ctlProcess(['install', '--image', CONTROLLER, '--allow-scripts']);
    expect(installed.code, installed.err).toBe(0);
    await kubectl(['apply', '-f', path.join(fixtures, 'hello-candidate.yaml')]);
    await kubectl(['wait', '--for=condition=Available', 'deployment/hello-candidate', '--timeout=90s']);
  });

  afterAll(removeController);

  it.concurrent('ends with promote for a good candidate, and kubectl shows the recorded story', async () => {
    const story = await runTutorial('default', sample());
    expect(story).toEqual([
      'Conformance | hello',
      'Conformance | hello | Waiting | 0',
      'Conformance | hello | Waiting | 0 | ExperimentInitialized: Experiment status initialized',
      'Conformance | hello | Waiting | 0 | TargetAcquired',
      'Conformance | hello | Initializing | 0 | StageAdvanced: Advanced to Initializing',
      "Conformance | hello | Initializing | 0 | HandlerLaunched: Start handler 'start' launched",
      'Conformance | hello | Running | 0 | StageAdvanced: Advanced to Running',
      'Conformance | hello | Running | 1 | IterationUpdate: Completed Loop 1',
      'Conformance | hello | Completed | 1 | ExperimentCompleted: Experiment completed successfully',
    ]);
    const described = await iter8ctlProcess(['describe', 'hello-experiment']);
    expect(described.code, described.err).toBe(0);
    expect(described.out).toMatch(/^promote hello-candidate\n/);
    expect(described.out).toMatch(/latency-95th-percentile +<= 1 s .* satisfied/);
    const asserted = await iter8ctlProcess(['assert', 'hello-experiment', '-c', 'completed,successful,candidateWon']);
    expect(asserted.code, asserted.out).toBe(0);
    const events = await kubectl([
      'get',
      'events',
      '--field-selector',
      'involvedObject.name=hello-experiment',
      '-o',
      'custom-columns=R:.reason,T:.type,M:.message',
    ]);
    expect(events).toMatch(/Recommendation +Normal +promote hello-candidate: all 3 objectives are satisfied/);
    expect(events).toMatch(/TargetAcquired +Normal +Acquired target hello/);
  });

  it.concurrent('ends with do not promote for a slow candidate', async () => {
    const namespace = await runWith('--delay', '700ms');
    const described = await iter8ctlProcess(['describe', 'hello-experiment', '-n', namespace, '--exit-code']);
    expect(described.code, described.out).toBe(1);
    expect(described.out).toMatch(/^do not promote hello-candidate\n/);
    expect(described.out).toMatch(/mean-latency +<= 500 ms .* violated/);
    const asserted = await iter8ctlProcess(['assert', '-n', namespace, '-c', 'successful']);
    expect(asserted.code).toBe(1);
  });

  it.concurrent('ends with do not promote for a failing candidate', async () => {
    const namespace = await runWith('--error-rate', '0.08');
    const described = await iter8ctlProcess(['describe', 'hello-experiment', '-n', namespace, '--exit-code']);
    expect(described.code).toBe(1);
    expect(described.out).toMatch(/error-rate +<= 1 % .* violated/);
    expect(described.out).toMatch(/503: \d+/);
  });

  it('runs the experiment of the old tutorial unchanged: readiness, a script as a Job, and its load', async () => {
    const story = await runTutorial('default', read('test/fixtures/recorded/00-first-exp/manifest.yaml'));
    expect(story.at(-1)).toBe(
      'Conformance | hello | Completed | 1 | ExperimentCompleted: Experiment completed successfully',
    );
    const described = await iter8ctlProcess(['describe', 'hello-experiment', '--exit-code']);
    expect(described.out).toMatch(/^promote hello-candidate\n/);
    const jobs = await kubectl([
      'get',
      'jobs',
      '-o',
      'jsonpath={range .items[*]}{.spec.template.spec.containers[0].command} {.status.succeeded}{"\\n"}{end}',
    ]);
    expect(jobs).toBe('["bash","-c","sleep 3.0"] 1\n');
    const reported = await iter8ctlProcess(['debug', 'hello-experiment']);
    expect(reported.out).toMatch(/common\/readiness of start done[^]*run of start done/);
  });

  it('judges a canary of two versions, and names the winner', async () => {
    await kubectl(['apply', '-f', path.join(fixtures, 'cluster/canary.yaml')]);
    await kubectl(['wait', '--for=condition=Available', 'deployment/hello-baseline', '--timeout=90s']);
    await watchWithKubectl('hello-canary', 'default', COMPLETED);
    const described = await iter8ctlProcess(['describe', 'hello-canary', '--exit-code']);
    expect(described.code, described.out).toBe(0);
    expect(described.out).toMatch(/^promote hello-candidate\n/);
    const object = JSON.parse(await kubectl(['get', 'experiments.iter8.tools', 'hello-canary', '-o', 'json'])) as {
      status: { versionRecommendedForPromotion: string; analysis: { winnerAssessment: { data: object } } };
    };
    expect(object.status.versionRecommendedForPromotion).toBe('hello-candidate');
    expect(object.status.analysis.winnerAssessment.data).toEqual({ winnerFound: true, winner: 'hello-candidate' });
  });

  it('runs under the restricted Pod Security Standard', async () => {
    const pods = JSON.parse(await kubectl(['get', 'pods', '-n', 'iter8-system', '-o', 'json'])) as {
      items: {
        spec: { containers: { securityContext: object }[] };
        status: { phase: string; containerStatuses: { restartCount: number }[] };
      }[];
    };
    expect(pods.items).toHaveLength(1);
    expect(pods.items[0]!.status.phase).toBe('Running');
    expect(pods.items[0]!.status.containerStatuses[0]!.restartCount).toBe(0);
    expect(await kubectl(['get', 'namespace', 'iter8-system', '-o', 'jsonpath={.metadata.labels}'])).toContain(
      '"pod-security.kubernetes.io/enforce":"restricted"',
    );
  });
});
