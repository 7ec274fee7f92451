/**
 * Every place that gives the answer gives the same one: at any time, of whatever experiment, however many drivers it took. Each
 * law is about two places; the judgement (`knownJudgement`) is what all are compared with.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { eventsBetween } from '../../src/drive/events-of-changes.ts';
import type { Event } from '../../src/drive/events.ts';
import { exitCodeOf } from '../../src/exit-codes.ts';
import { hasEnded, hasFailed, recordedWinner } from '../../src/experiment/conditions.ts';
import type { Experiment } from '../../src/experiment/experiment.ts';
import { assertionState, type Assertion } from '../../src/judge/assert-conditions.ts';
import { assessmentKey, type LimitAssessment, type Verdict } from '../../src/judge/assessment.ts';
import { knownJudgement } from '../../src/judge/iter8-07/judge-recorded-object.ts';
import { readRecord } from '../../src/judge/record/stored-record.ts';
import { replayObject, replayRecord } from '../../src/replay/replay.ts';
import { renderJunit } from '../../src/report/experiment-junit.ts';
import { renderMarkdown } from '../../src/report/markdown.ts';
import { experimentSamples } from '../../src/telemetry/experiment-samples.ts';
import { experimentView } from '../../src/view/experiment-view.ts';
import {
  deploymentOf,
  hasTraffic,
  judgedOf,
  randomExperiment,
  versionsOf,
  type RandomExperiment,
} from '../support/random-experiment.ts';
import { randomRun, type RandomRun } from '../support/random-run.ts';
import { runs } from '../support/search-depth.ts';

/** One state of an experiment, and the answer that its record gives. */
interface Look extends ReturnType<typeof knownJudgement> {
  readonly given: RandomExperiment;
  readonly experiment: Experiment;
  readonly verdict: ReturnType<typeof knownJudgement>['recommendation']['verdict'];
  /** The version to promote; absent when there is none. */
  readonly promoted: string | undefined;
  readonly nowMs: number;
}

function lookAt({ given, nowMs }: RandomRun, experiment: Experiment): Look {
  const judgement = knownJudgement(experiment);
  const { verdict, version } = judgement.recommendation;
  return { ...judgement, given, experiment, nowMs, verdict, promoted: verdict === 'promote' ? version : undefined };
}

const rowsOf = ({ assessments }: Look, version: string | undefined): readonly LimitAssessment[] =>
  assessments.filter((one) => one.version === version);
const all = (rows: readonly LimitAssessment[], verdict: Verdict): boolean =>
  rows.length > 0 && rows.every((one) => one.verdict === verdict);

// ------------------------------------------------------------------------------------------------ at any time

/** A pipeline that reads JUnit promotes what has ended with that answer, and nothing else. */
function junitSaysIt({ experiment, verdict, nowMs }: Look): void {
  const junit = renderJunit(experimentView(experiment, nowMs));
  const isFailure = /<testcase classname="hello-experiment" name="recommendation"[^>]*><failure/.test(junit);
  expect(isFailure).toBe(!(hasEnded(experiment) && verdict === 'promote'));
}

/** No state is too odd for the other reports. */
function reportsCanBeMade({ experiment, nowMs }: Look): void {
  const view = experimentView(experiment, nowMs);
  expect(renderMarkdown(view)).toContain('hello-experiment');
  expect(experimentSamples(view)).not.toEqual([]);
}

/** Who is promoted is one of those that were asked about, and satisfies whatever is said of it. */
function rowsBackThePromotion(look: Look): void {
  if (look.promoted === undefined) return;
  expect(judgedOf(look.given)).toContain(look.promoted);
  expect(rowsOf(look, look.promoted).filter(({ verdict }) => verdict !== 'satisfied')).toEqual([]);
}

/** Where all rows of all candidates are violated, nothing is left to find out. */
function violatedRowsAreAnAnswer(look: Look): void {
  const isAllViolated = judgedOf(look.given).every((name) => all(rowsOf(look, name), 'violated'));
  if (isAllViolated) expect(look.verdict).not.toBe('undecided');
}

/** A reason that denies what the rows show is the wrong one. */
function reasonFitsTheRows(look: Look): void {
  if (!look.recommendation.reasons.includes('no candidate satisfies every objective')) return;
  expect(judgedOf(look.given).filter((name) => all(rowsOf(look, name), 'satisfied'))).toEqual([]);
}

/** Who is promoted in an A/B test is who has the best reward. */
function rewardBacksThePromotion({ promoted, record }: Look): void {
  const result = record?.rewardResult;
  if (result !== undefined && promoted !== undefined) expect(result.winner).toBe(promoted);
}

/** What Iter8 0.7 knows of the answer, in its fields of the status: the winner, and whom to promote. */
function statusSaysIt({ experiment, given, promoted }: Look): void {
  const { status } = experiment;
  // Mutation: in src/drive/status-analysis.ts, whoWon, `recommendation?.verdict !== 'promote' && ` -> `false && `
  expect(recordedWinner(experiment).candidateWon).toBe(promoted !== undefined);
  if (promoted !== undefined) expect(status?.analysis?.winnerAssessment?.data?.winner).toBe(promoted);
  const kept = given.pattern === 'Conformance' ? undefined : 'old';
  expect(status?.versionRecommendedForPromotion).toBe(promoted ?? kept);
}

/** While load is sent, and when it was, the record is ahead of these fields, which are those of the last iteration. */
const isStatusOfNow = ({ experiment: { status }, record, given }: Look): boolean =>
  status?.startTime !== undefined &&
  status.analysis?.winnerAssessment !== undefined &&
  record?.load === undefined &&
  given.finish !== 'messageAfterLoad';

// --------------------------------------------------------------------------------- once it has ended by itself

/** The exit code that a pipeline gets is the one that `assert` gives it. */
function exitCodeIsThatOfAssert({ experiment, recommendation, assessments, verdict }: Look): void {
  const code = exitCodeOf(verdict, { ended: true });
  const holds = (assertion: Assertion) =>
    assertionState(assertion, { experiment, recommendation, assessments }) === 'holds';
  // Mutation: in src/judge/assert-conditions.ts, `return settle(candidateWon);` -> `return settle(winnerFound);`
  expect(holds('candidateWon')).toBe(code === 0);
  expect(holds('successful')).toBe(code === 0);
  expect(holds('undecided')).toBe(code === 3);
}

/** `kubectl get` shows the words of Iter8 0.7, and behind them what is no promotion; only what is violated is rolled back. */
function messageSaysIt({ experiment, verdict }: Look): void {
  const message = experiment.status!.message!;
  // Mutation: in src/drive/status-changes.ts, completionMessage, `recommendation.verdict === 'do not promote'` -> `true`
  if (message.includes('rolled back')) expect(verdict).toBe('do not promote');
  expect(/promote|undecided|rolled back/.test(message)).toBe(verdict !== 'promote');
}

/** Who has the best reward is promoted, but where errors or redirects that no objective is about withhold it (docs/behavior.md 10.1). */
function bestRewardIsPromoted({ given, record, recommendation, promoted }: Look): void {
  const { state, winner = '' } = record?.rewardResult ?? {};
  const isWithheld = /no objective is about|redirects/.test(recommendation.reasons.join('\n'));
  if (state === 'winner' && judgedOf(given).includes(winner) && !isWithheld) expect(promoted).toBe(winner);
}

// -------------------------------------------------------------------------------------------- once it has failed

/** What failed promotes nobody, wherever one looks. */
function failureIsNoAnswer({ given, experiment: { status }, verdict }: Look): void {
  expect(exitCodeOf(verdict, { ended: true })).toBe(4);
  const kept = given.pattern === 'Conformance' ? undefined : 'old';
  expect([undefined, kept]).toContain(status?.versionRecommendedForPromotion);
  expect(status?.message).toMatch(/failed/);
}

// ------------------------------------------------------------------------------------------------ of a whole run

/** All traffic goes to whom the answer names: to the baseline, where nobody is promoted. FixedSplit moves nothing. */
function trafficFollows({ given, weights }: RandomRun, { promoted, experiment }: Look): void {
  if (!hasTraffic(given) || (deploymentOf(given) === 'FixedSplit' && !hasFailed(experiment))) return;
  expect(weights).toEqual(versionsOf(given).map((name) => (name === (promoted ?? 'old') ? 100 : 0)));
}

const lastAnswerIn = (events: readonly Event[]) =>
  events.flatMap((event) => (event.kind === 'recommendation' ? [event.recommendation] : [])).at(-1);

/** Whoever listens to the drivers receives the answer last, and of each row the verdict that it has. */
function listenersHearIt({ events }: RandomRun, { recommendation, assessments }: Look): void {
  expect(lastAnswerIn(events)).toEqual(recommendation);
  const received = new Map<string, Verdict>();
  for (const event of events)
    if (event.kind === 'verdict') received.set(assessmentKey(event.assessment), event.assessment.verdict);
  const verdicts = assessments.map((one) => received.get(assessmentKey(one)) ?? 'undecided');
  expect(verdicts).toEqual(assessments.map(({ verdict }) => verdict));
}

/** So does whoever watches the object. */
function watchersSeeIt({ states }: RandomRun, { recommendation }: Look): void {
  const events = states.flatMap((state, index) => eventsBetween(states[index - 1], state, 0));
  expect(lastAnswerIn(events)).toEqual(recommendation);
}

/** A driver that was killed, or that lost its lock, says nothing of what it knew: not all is received. */
const isAllHeard = ({ endsBy, ends: [first] }: RandomExperiment): boolean => endsBy === 'stop' || first === undefined;

/** Judged again from the record of the run, it comes out the same, and has the same winner. */
function replayOfTheRecordSaysIt({ lines }: RandomRun, { experiment, verdict, recommendation }: Look): void {
  const again = replayRecord(lines, { strength: {} });
  expect(knownJudgement(again).recommendation).toMatchObject({ verdict, version: recommendation.version });
  expect(again.status?.analysis?.winnerAssessment?.data).toEqual(experiment.status?.analysis?.winnerAssessment?.data);
}

/** And so from the object alone, but where another build made void what it counts: it is judged by what there is. */
function replayOfTheObjectSaysIt(look: Look): void {
  const { experiment, record, verdict, recommendation } = look;
  if (record?.endedEarly === 'changed') return;
  const again = knownJudgement(replayObject(experiment, { strength: {} }));
  expect(again.recommendation).toMatchObject({ verdict, version: recommendation.version });
}

/** The last message says what is so in the end, but where another build, found after it was sent, made that void. */
function lastMessageSaidIt({ given, reported }: RandomRun, { verdict }: Look): void {
  if (given.otherBuildAt === undefined && reported.length > 0) expect(reported.at(-1)!.verdict).toBe(verdict);
}

/** What is done behind a load of a loop if the candidate won is done where a message beside it says that it is to be promoted. */
function loopTasksAreToldTheSame({ reportedInLoops, end }: RandomRun): void {
  const { tasks } = readRecord(end)!;
  // Mutation: in src/drive/run-action.ts, `if (!isStartTask({ id })) assess` -> `if (isFinish) assess`
  for (const [action, { verdict }] of reportedInLoops)
    expect([action, tasks[`${action}/1`]!.state]).toEqual([action, verdict === 'promote' ? 'done' : 'skipped']);
}

const AT_ANY_TIME = [
  junitSaysIt,
  reportsCanBeMade,
  rowsBackThePromotion,
  violatedRowsAreAnAnswer,
  reasonFitsTheRows,
  rewardBacksThePromotion,
];
const ONCE_ENDED = [statusSaysIt, exitCodeIsThatOfAssert, messageSaysIt, bestRewardIsPromoted];

function checkState(look: Look): void {
  for (const law of AT_ANY_TIME) law(look);
  if (hasFailed(look.experiment)) failureIsNoAnswer(look);
  else if (hasEnded(look.experiment)) for (const law of ONCE_ENDED) law(look);
  else if (isStatusOfNow(look)) statusSaysIt(look);
}

function checkRun(run: RandomRun): void {
  for (const state of [...run.states, ...run.left, run.end]) checkState(lookAt(run, state));
  expect(hasEnded(run.end)).toBe(true);
  const end = lookAt(run, run.end);
  trafficFollows(run, end);
  loopTasksAreToldTheSame(run);
  if (hasFailed(run.end)) return;
  if (isAllHeard(run.given)) {
    listenersHearIt(run, end);
    watchersSeeIt(run, end);
  }
  replayOfTheRecordSaysIt(run, end);
  replayOfTheObjectSaysIt(end);
  lastMessageSaidIt(run, end);
}

it('gives one answer everywhere', async () => {
  await fc.assert(
    fc.asyncProperty(randomExperiment, async (given) => checkRun(await randomRun(given))),
    { numRuns: runs(400) },
  );
});
