/** The live view of run and watch: what is known now, redrawn in place on a terminal, gone when it ends. */
import { shortName } from '../experiment/metric-names.ts';
import type { Clock, OutputStream } from '../io.ts';
import { sanitizeLine } from '../text/sanitize.ts';
import { formatCount, formatRate, formatSeconds, formatValue } from '../text/units.ts';
import { cutToWidth, displayWidth } from '../text/width.ts';
import type { LimitAssessment } from '../judge/assessment.ts';
import type { Experiment } from '../experiment/experiment.ts';
import { readRecord } from '../judge/record/stored-record.ts';
import type { RewardResult } from '../judge/reward/reward-state.ts';
import type { LoadState } from '../judge/record/load-progress.ts';
import { boundText, limitText, observedText } from '../judge/wording/sentences.ts';
import type { Event } from '../drive/events.ts';
import { eventText } from './log-lines.ts';
import { tableLines } from './table.ts';
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
  /** The newest warnings and sentences, oldest first. */
  readonly notes: readonly string[];
}

const SHOWN_NOTES = 3;

export const EMPTY_LIVE: LiveState = { name: '', namespace: '', pattern: '', stage: '', assessments: [], notes: [] };

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
    case 'iteration':
    case 'weights':
      return note(eventText(event) ?? '');
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
  const { iterationsPerLoop, maxLoops } = spec.duration;
  const total = iterationsPerLoop * maxLoops;
  return {
    ...state,
    pattern: spec.strategy.testingPattern,
    stage: status?.stage ?? state.stage,
    iterations: total > 1 ? { completed: status?.completedIterations ?? 0, total } : undefined,
    ...(record === undefined || record.assessments.length === 0 ? {} : { assessments: record.assessments }),
    reward: record?.rewardResult,
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
      : `${state.iterations.completed} of ${state.iterations.total} iterations`,
  ]
    .filter((part) => part !== '')
    .join('  ');
  const lines = [theme.strong(cutToWidth(title, size.columns))];
  if (state.load !== undefined) lines.push(loadLine(state.load, size.columns, theme));
  if (state.assessments.length > 0) lines.push('', ...objectiveLines(state.assessments, size.columns, theme));
  if (state.reward !== undefined) lines.push('', ...rewardLinesOf(state.reward, size.columns));
  if (state.notes.length > 0)
    lines.push('', ...state.notes.map((text) => cutToWidth(sanitizeLine(text), size.columns)));
  const room = Math.max(3, size.rows - 1);
  return lines.length <= room
    ? lines
    : [...lines.slice(0, room - 1), cutToWidth(`... ${lines.length - room + 1} more lines`, size.columns)];
}

function objectiveLines(assessments: readonly LimitAssessment[], columns: number, theme: Theme): string[] {
  const several = new Set(assessments.map((one) => one.version)).size > 1;
  const table = (compact: boolean) =>
    tableLines({
      head: [],
      rows: assessments.map((one) => [
        cutToWidth(sanitizeLine(shortName(one.metric)), compact ? 20 : 40),
        ...(several ? [cutToWidth(sanitizeLine(one.version), compact ? 12 : 30)] : []),
        sanitizeLine(limitText(one)),
        observedText(one) ?? '-',
        ...(compact ? [] : [boundText(one) ?? '-']),
        theme.verdict(one.verdict),
      ]),
      indent: '  ',
    });
  for (const lines of [table(false), table(true)])
    if (lines.every((line) => displayWidth(line) <= columns)) return lines;
  return assessments.map((one) => cutToWidth(`  ${sanitizeLine(shortName(one.metric))} ${one.verdict}`, columns));
}

/** `clicks   v1 0.1   v2 0.15`, and what that shows. */
function rewardLinesOf({ metric, values, reason }: RewardResult, columns: number): string[] {
  const each = Object.entries(values).map(([version, { value }]) => `${version} ${formatValue(value, 'plain')}`);
  return [[metric, ...each].join('   '), reason].map((line) => cutToWidth(`  ${sanitizeLine(line)}`, columns));
}

function loadLine(load: LoadState, columns: number, theme: Theme): string {
  const sent = Math.max(0, ...load.versions.map((one) => one.sent));
  const { plannedRequests: planned, ratePerSec } = load;
  const needed = Math.max(0, ...load.versions.map((one) => one.needed ?? 0));
  const target = planned === undefined ? undefined : load.extending ? sent + needed : planned;
  const share =
    target === undefined
      ? Math.min(1, load.elapsedSeconds / Math.max(0.001, load.plannedSeconds ?? 0.001))
      : target === 0
        ? 1
        : Math.min(1, sent / target);
  const leftSeconds =
    target === undefined
      ? (load.plannedSeconds ?? 0) - load.elapsedSeconds
      : ratePerSec > 0
        ? (target - sent) / ratePerSec
        : undefined;
  const count =
    load.state === 'warming-up'
      ? 'warming up'
      : load.extending
        ? `${formatCount(sent)} requests, about ${formatCount(needed)} more needed`
        : planned === undefined
          ? `${formatCount(sent)} requests`
          : `${formatCount(Math.min(sent, planned))} of ${formatCount(planned)} requests`;
  const facts = [
    count,
    ...(ratePerSec > 0 ? [formatRate(ratePerSec)] : []),
    ...(leftSeconds === undefined || load.state === 'draining'
      ? []
      : [`${formatSeconds(Math.max(0, leftSeconds))} left`]),
    `${formatCount(load.late)} late`,
  ].join('   ');
  const room = Math.min(30, columns - displayWidth(facts) - 8);
  if (room < 8) return cutToWidth(`load  ${facts}`, columns);
  const done = Math.floor(share * room);
  const bar =
    theme.bar.done.repeat(done) +
    (done < room ? theme.bar.head : '') +
    theme.bar.left.repeat(Math.max(0, room - done - 1));
  return `load  ${bar}  ${facts}`;
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

/** Frames come at most so often. */
const FRAME_MS = 100;

export function createLiveScreen(options: {
  readonly output: OutputStream;
  readonly theme: Theme;
  readonly clock: Clock;
}): LiveScreen {
  const { output, theme, clock } = options;
  let state = EMPTY_LIVE;
  let drawn = 0;
  let lastMs = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  let ended = false;
  let paused = false;
  const erase = () => (drawn === 0 ? '' : `\r${drawn > 1 ? `\u001b[${drawn - 1}A` : ''}\u001b[J`);
  const draw = () => {
    if (timer !== undefined) clearTimeout(timer);
    timer = undefined;
    lastMs = clock.monotonicMs();
    const lines = frame(state, { columns: output.columns ?? 80, rows: output.rows ?? 24 }, theme);
    output.write(`${erase()}${lines.join('\n')}`);
    drawn = lines.length;
  };
  const drawSoon = () => {
    if (ended || paused || timer !== undefined) return;
    const wait = FRAME_MS - (clock.monotonicMs() - lastMs);
    if (wait <= 0) draw();
    else timer = setTimeout(draw, wait);
  };
  return {
    show: (event) => {
      state = afterEvent(state, event);
      if (event.kind === 'stopping' && !paused) draw();
      else drawSoon();
    },
    say: (text) => {
      output.write(`${erase()}${sanitizeLine(text)}\n`);
      drawn = 0;
      if (state !== EMPTY_LIVE && !ended && !paused) draw();
    },
    redraw: () => {
      if (!ended && !paused && state !== EMPTY_LIVE) draw();
    },
    pause: () => {
      paused = true;
      if (timer !== undefined) clearTimeout(timer);
      timer = undefined;
      output.write(erase());
      drawn = 0;
    },
    resume: () => {
      paused = false;
      drawSoon();
    },
    end: () => {
      if (ended) return;
      ended = true;
      if (timer !== undefined) clearTimeout(timer);
      output.write(erase());
      drawn = 0;
    },
  };
}
