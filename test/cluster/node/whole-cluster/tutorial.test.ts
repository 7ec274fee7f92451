/** The tutorial, word for word, on a whole cluster: with a good, a slow and a failing candidate, and as it was in Iter8 0.7. */
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  beginWatch,
  describeLab,
  iter8ctlProcess,
  kubectl,
  storyOf,
  watchWithKubectl,
} from '../../../support/cluster.ts';
import { makeImage } from '../../../support/lab-image.ts';

const root = path.join(import.meta.dirname, '../../../..');
const fixtures = path.join(root, 'test/fixtures');
const HELLO = 'gcr.io/google-samples/hello-app:2.0';
const CONTROLLER = 'iter8ctl:test';
const COMPLETED = /ExperimentCompleted/;

/** The candidate with flags of the sample service; waits until the old one is gone. */
function deployCandidate(...args: readonly string[]): void {
  const container = { name: 'hello', args };
  kubectl([
    'patch',
    'deployment',
    'hello-candidate',
    '-p',
    JSON.stringify({ spec: { template: { spec: { containers: [container] } } } }),
  ]);
  kubectl(['rollout', 'status', 'deployment/hello-candidate', '--timeout=90s']);
}

/** Applies the manifest again and watches it as the tutorial does. */
async function runTutorial(manifest: string): Promise<string[]> {
  kubectl(['delete', 'experiments.iter8.tools', 'hello-experiment', '--ignore-not-found']);
  const { lines } = await beginWatch('hello-experiment', 'default', COMPLETED);
  kubectl(['apply', '-f', manifest]);
  return storyOf(await lines);
}

describeLab('the tutorial', () => {
  beforeAll(async () => {
    makeImage(HELLO, 'hello');
    makeImage(CONTROLLER, 'iter8ctl');
    const installed = await iter8ctlProcess(['install', '--image', CONTROLLER, '--allow-scripts']);
    expect(installed.code, installed.err).toBe(0);
    kubectl(['apply', '-f', path.join(fixtures, 'hello-candidate.yaml')]);
    kubectl(['wait', '--for=condition=Available', 'deployment/hello-candidate', '--timeout=90s']);
  });

  // It would drive the experiments of the files that follow.
  afterAll(() => {
    kubectl(['delete', 'deployment', 'iter8ctl-controller', '-n', 'iter8-system', '--cascade=foreground', '--wait']);
  });

  it('ends with promote for a good candidate, and kubectl tells the recorded story', async () => {
    const story = await runTutorial('samples/hello/experiment.yaml');
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
    const events = kubectl([
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

  it('ends with do not promote for a slow candidate', async () => {
    deployCandidate('--delay', '700ms');
    await runTutorial('samples/hello/experiment.yaml');
    const described = await iter8ctlProcess(['describe', 'hello-experiment', '--exit-code']);
    expect(described.code, described.out).toBe(1);
    expect(described.out).toMatch(/^do not promote hello-candidate\n/);
    expect(described.out).toMatch(/mean-latency +<= 500 ms .* violated/);
    const asserted = await iter8ctlProcess(['assert', '-c', 'successful']);
    expect(asserted.code).toBe(1);
  });

  it('ends with do not promote for a failing candidate', async () => {
    deployCandidate('--error-rate', '0.08');
    await runTutorial('samples/hello/experiment.yaml');
    const described = await iter8ctlProcess(['describe', 'hello-experiment', '--exit-code']);
    expect(described.code).toBe(1);
    expect(described.out).toMatch(/error-rate +<= 1 % .* violated/);
    expect(described.out).toMatch(/503: \d+/);
  });

  it('runs the experiment of the old tutorial unchanged: readiness, a script as a Job, and its load', async () => {
    deployCandidate();
    const story = await runTutorial(path.join(fixtures, 'recorded/00-first-exp/manifest.yaml'));
    expect(story.at(-1)).toBe(
      'Conformance | hello | Completed | 1 | ExperimentCompleted: Experiment completed successfully',
    );
    const described = await iter8ctlProcess(['describe', 'hello-experiment', '--exit-code']);
    expect(described.out).toMatch(/^promote hello-candidate\n/);
    const jobs = kubectl([
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
    kubectl(['apply', '-f', path.join(fixtures, 'cluster/canary.yaml')]);
    kubectl(['wait', '--for=condition=Available', 'deployment/hello-baseline', '--timeout=90s']);
    await watchWithKubectl('hello-canary', 'default', COMPLETED);
    const described = await iter8ctlProcess(['describe', 'hello-canary', '--exit-code']);
    expect(described.code, described.out).toBe(0);
    expect(described.out).toMatch(/^promote hello-candidate\n/);
    const object = JSON.parse(kubectl(['get', 'experiments.iter8.tools', 'hello-canary', '-o', 'json'])) as {
      status: { versionRecommendedForPromotion: string; analysis: { winnerAssessment: { data: object } } };
    };
    expect(object.status.versionRecommendedForPromotion).toBe('hello-candidate');
    expect(object.status.analysis.winnerAssessment.data).toEqual({ winnerFound: true, winner: 'hello-candidate' });
  });

  it('runs under the restricted Pod Security Standard', () => {
    const pods = JSON.parse(kubectl(['get', 'pods', '-n', 'iter8-system', '-o', 'json'])) as {
      items: {
        spec: { containers: { securityContext: object }[] };
        status: { phase: string; containerStatuses: { restartCount: number }[] };
      }[];
    };
    expect(pods.items).toHaveLength(1);
    expect(pods.items[0]!.status.phase).toBe('Running');
    expect(pods.items[0]!.status.containerStatuses[0]!.restartCount).toBe(0);
    expect(kubectl(['get', 'namespace', 'iter8-system', '-o', 'jsonpath={.metadata.labels}'])).toContain(
      '"pod-security.kubernetes.io/enforce":"restricted"',
    );
  });
});
