/** The live view of run and watch: what is known now, redrawn in place on a terminal, gone when it ends. */
import { shortName } from '../experiment/metric-names.ts';
import type { Clock, OutputStream } from '../io.ts';
import { sanitizeLine } from '../text/sanitize.ts';
import { formatCount, formatCounted, formatRate, formatSeconds, formatValue } from '../text/units.ts';
import { cutMiddle, cutToWidth, displayWidth } from '../text/width.ts';
import { wrap, wrapAroundCommands, wrapFacts } from '../text/wrap.ts';
import type { LimitAssessment } from '../judge/assessment.ts';
import { versionsIn, type Experiment } from '../experiment/experiment.ts';
import { completedIterations, totalIterations } from '../experiment/iterations.ts';
import { inOrderOf } from '../experiment/spec-order.ts';
import { readRecord } from '../judge/record/stored-record.ts';
import type { RewardResult } from '../judge/reward/reward-state.ts';
import { furthest, type LoadState } from '../judge/record/load-progress.ts';
import { boundText, limitText, observedText } from '../judge/wording/limit-texts.ts';
import { plainAnswers, waitingSentence } from '../judge/wording/waiting-for-person.ts';
import type { Event } from '../drive/events.ts';
import { eventText } from './progress-lines.ts';
import { withBars } from './limit-bar.ts';
import { metricLabel } from './metric-label.ts';
import { cutToRows, redrawnFrame } from './redrawn-frame.ts';
import { fittedLines, type FittedColumn } from './table.ts';
import type { Theme } from './theme.ts';

export interface LiveState {
  readonly name: string;
  readonly namespace: string;
  readonly pattern: string;
  readonly stage: string;
  readonly load?: LoadState | undefined;
  readonly assessments: readonly LimitAssessment[];
  readonly iterations?: { readonly completed: number; readonly total: number } | undefined;
  readonly reward?: RewardResult | undefined;
  /** In the order of the spec. */
  readonly versions: readonly string[];
  /** The person that it waits for, and what they may type. */
  readonly waiting?: string | undefined;
  /** The newest warnings and sentences, oldest first. */
  readonly notes: readonly string[];
}

const SHOWN_NOTES = 3;

export const EMPTY_LIVE: LiveState = {
  name: '',
  namespace: '',
  pattern: '',
  stage: '',
  assessments: [],
  versions: [],
  notes: [],
};

/** The state after an event. Pure. */
export function afterEvent(state: LiveState, event: Event): LiveState {
  const named = { ...state, name: event.experiment.name, namespace: event.experiment.namespace };
  const note = (text: string) => ({ ...named, notes: [...state.notes, text].slice(-SHOWN_NOTES) });
  switch (event.kind) {
    case 'object':
      return afterSave(named, event.object);
    case 'condition':
      return { ...named, stage: event.stage };
    case 'load':
      return { ...named, load: event.load, assessments: event.assessments };
    case 'warning':
    case 'stopping':
    case 'task-skipped':
    case 'task-retried':
    case 'iteration':
    case 'weights':
      return note(eventText(event) ?? '');
    case 'waiting':
      return { ...named, waiting: event.text };
    case 'answered':
      return { ...note(event.text), waiting: undefined };
    case 'driving':
      return event.resumed ? note(eventText(event) ?? '') : named;
    case 'task-started':
    case 'task-done':
    case 'verdict':
    case 'recommendation':
      return named;
  }
}

/** Between loads it is the stored object that says what is known: iterations measure what others count. */
function afterSave(state: LiveState, { spec, status }: Experiment): LiveState {
  const record = readRecord({ status });
  const total = totalIterations({ spec });
  return {
    ...state,
    pattern: spec.strategy.testingPattern,
    stage: status?.stage ?? state.stage,
    iterations: total > 1 ? { completed: completedIterations({ status }), total } : undefined,
    ...(record === undefined || record.assessments.length === 0 ? {} : { assessments: record.assessments }),
    reward: record?.rewardResult,
    waiting: record?.waiting && (state.waiting ?? waitingSentence(record.waiting, plainAnswers(state))),
    versions: versionsIn({ spec }).map(({ name }) => name),
  };
}

/** The lines of a frame, none wider than the terminal. Pure. */
export function frame(
  state: LiveState,
  size: { readonly columns: number; readonly rows: number },
  theme: Theme,
): string[] {
  const title = [
    `${sanitizeLine(state.name)} (${sanitizeLine(state.namespace)})`,
    state.pattern,
    sanitizeLine(state.stage),
    state.iterations === undefined || state.stage !== 'Running'
      ? ''
      : `${formatCount(state.iterations.completed)} of ${formatCounted(state.iterations.total, 'iteration')}`,
  ].filter((part) => part !== '');
  const { columns } = size;
  const head = [
    ...wrapFacts(title, { columns, rest: '  ' }).map(theme.strong),
    ...(state.load === undefined ? [] : loadLines(state.load, columns, theme)),
    ...(state.waiting === undefined ? [] : ['', ...waitingLines(state.waiting, columns)]),
  ];
  const rest = [
    ...(state.reward === undefined ? [] : ['', ...rewardLinesOf(state.reward, state.versions, columns)]),
    ...(state.notes.length === 0 ? [] : ['', ...state.notes.flatMap((text) => noteLines(text, columns))]),
  ];
  const whole = (bars: boolean) => {
    const objectives = objectiveLines(state.assessments, { columns, theme, bars });
    return [...head, ...(objectives.length === 0 ? [] : ['', ...objectives]), ...rest];
  };
  const pictured = whole(true);
  // Words before pictures, where there is no room for both.
  const lines = pictured.length < size.rows ? pictured : whole(false);
  return [
    ...cutToRows(lines, size.rows, (count) => cutToWidth(`... ${formatCounted(count, 'more line')}`, size.columns)),
  ];
}

/** Commands whole on their lines, where there is room for that: no line of a frame is wider than the terminal. */
function waitingLines(waiting: string, columns: number): string[] {
  const text = sanitizeLine(waiting);
  const whole = wrapAroundCommands(text, { columns, rest: '  ' });
  return whole.every((line) => displayWidth(line) <= columns) ? whole : wrap(text, { columns, rest: '  ' });
}

const LINES_OF_A_NOTE = 2;

/** Whole sentences are in the answer, which takes the place of the frame. */
function noteLines(text: string, columns: number, indent = ''): string[] {
  const lines = wrap(sanitizeLine(text), { columns, first: indent, rest: `${indent}  ` });
  const shown = lines.slice(0, LINES_OF_A_NOTE - 1);
  const left = lines.slice(LINES_OF_A_NOTE - 1).map((line) => line.trim());
  return left.length === 0 ? shown : [...shown, cutToWidth(`${indent}  ${left.join(' ')}`, columns)];
}

/**
 * The value and the version are there at any width. Where a line for all of it has no room, the limit and the bound go, then
 * versions get lines of their own; a value stands below its metric where nothing else helps.
 */
function objectiveLines(
  assessments: readonly LimitAssessment[],
  { columns, theme, bars }: { readonly columns: number; readonly theme: Theme; readonly bars: boolean },
): string[] {
  if (assessments.length === 0) return [];
  const versions = [...new Set(assessments.map(({ version }) => version))];
  const cells = (of: (one: LimitAssessment) => string) => ({ head: '', cells: assessments.map(of) });
  const metric = (one: LimitAssessment) => sanitizeLine(shortName(one.metric));
  const value = (one: LimitAssessment) => observedText(one) ?? '-';
  const lines = (indent: string, ofVersion: readonly FittedColumn[]) =>
    fittedLines(
      [
        { ...cells(metric), shorten: { cell: metricLabel, to: [30, 14] } },
        ...ofVersion,
        { ...cells((one) => sanitizeLine(limitText(one))), expendable: 2 },
        cells(value),
        { ...cells((one) => boundText(one) ?? '-'), expendable: 1 },
        cells((one) => theme.verdict(one.verdict)),
      ],
      { room: columns, indent, withHead: false },
    );
  const version = { ...cells((one) => sanitizeLine(one.version)), shorten: { cell: cutMiddle, to: [24, 12] } as const };
  const table = lines('  ', versions.length > 1 ? [version] : []);
  if (table !== undefined)
    return bars ? withBars(table, assessments, { theme, columns, first: 0, indent: '  ', among: assessments }) : table;
  const grouped = lines('    ', []);
  const below = (one: LimitAssessment) => [
    `    ${metricLabel(metric(one), columns - 4)}`,
    `      ${fitting([`${value(one)} ${theme.verdict(one.verdict)}`, `${value(one)} ${one.verdict}`], columns - 6)}`,
  ];
  return versions.flatMap((name) => [
    `  ${cutMiddle(sanitizeLine(name), columns - 2)}`,
    ...assessments.flatMap((one, at) =>
      one.version !== name ? [] : grouped === undefined ? below(one) : [grouped[at]!],
    ),
  ]);
}

/** The first that fits, else as much of the last as does. */
function fitting(texts: readonly string[], columns: number): string {
  return texts.find((text) => displayWidth(text) <= columns) ?? cutToWidth(texts.at(-1)!, columns);
}

/** `clicks   v1 0.1   v2 0.15`, and what that shows. */
function rewardLinesOf(
  { metric, values, reason }: RewardResult,
  versions: readonly string[],
  columns: number,
): string[] {
  const each = inOrderOf(versions, values).map(
    ([version, { value }]) => `${sanitizeLine(version)} ${formatValue(value, 'plain')}`,
  );
  return [
    ...wrapFacts([sanitizeLine(metric), ...each], { columns, first: '  ', rest: '    ' }),
    ...noteLines(reason, columns, '  '),
  ];
}

function loadLines(load: LoadState, columns: number, theme: Theme): string[] {
  const { done, leftSeconds } = howFar(load);
  const facts = [
    requestsText(load),
    ...(load.ratePerSec > 0 ? [formatRate(load.ratePerSec)] : []),
    ...(leftSeconds === undefined || load.state === 'draining'
      ? []
      : [`${formatSeconds(Math.max(0, leftSeconds))} left`]),
    `${formatCount(load.late)} late`,
  ];
  const text = facts.join('   ');
  const room = Math.min(30, columns - displayWidth(text) - 8);
  if (room < 8) return wrapFacts(facts, { columns, first: 'load  ', rest: '      ' });
  const filled = Math.floor(done * room);
  const bar =
    theme.bar.done.repeat(filled) +
    (filled < room ? theme.bar.head : '') +
    theme.bar.left.repeat(Math.max(0, room - filled - 1));
  return [`load  ${bar}  ${text}`];
}

/** The part that is done, from 0 to 1, and the seconds that are left, where that is known. */
function howFar(load: LoadState): { readonly done: number; readonly leftSeconds: number | undefined } {
  const { plannedRequests, plannedSeconds = 0, elapsedSeconds, ratePerSec } = load;
  if (plannedRequests === undefined)
    return {
      done: Math.min(1, elapsedSeconds / Math.max(0.001, plannedSeconds)),
      leftSeconds: plannedSeconds - elapsedSeconds,
    };
  const { sent, needed } = furthest(load);
  const target = load.extending ? sent + needed : plannedRequests;
  return {
    done: target === 0 ? 1 : Math.min(1, sent / target),
    leftSeconds: ratePerSec > 0 ? (target - sent) / ratePerSec : undefined,
  };
}

function requestsText(load: LoadState): string {
  const { plannedRequests: planned } = load;
  const { sent, needed } = furthest(load);
  if (load.state === 'warming-up') return 'warming up';
  if (load.extending) return `${formatCounted(sent, 'request')}, about ${formatCount(needed)} more needed`;
  if (planned === undefined) return formatCounted(sent, 'request');
  return `${formatCount(Math.min(sent, planned))} of ${formatCounted(planned, 'request')}`;
}

export interface LiveScreen {
  show(event: Event): void;
  /** A sentence that stays above the frame. */
  say(text: string): void;
  redraw(): void;
  /** Erases the frame until `resume`, to leave the place to something else. */
  pause(): void;
  resume(): void;
  /** Erases the frame: the answer takes its place. */
  end(): void;
}

export function createLiveScreen(options: {
  readonly output: OutputStream;
  readonly theme: Theme;
  readonly clock: Clock;
}): LiveScreen {
  const { theme } = options;
  let state = EMPTY_LIVE;
  const screen = redrawnFrame({
    ...options,
    lines: (size) => (state === EMPTY_LIVE ? undefined : frame(state, size, theme)),
  });
  return {
    show: (event) => {
      state = afterEvent(state, event);
      if (event.kind === 'stopping') screen.drawNow();
      else screen.drawSoon();
    },
    say: (text) => screen.say(sanitizeLine(text)),
    redraw: () => screen.drawNow(),
    pause: () => screen.pause(),
    resume: () => screen.resume(),
    end: () => screen.end(),
  };
}
