/** An event as a line for logs and pipes: whole sentences, one for each change. */
import { isWaitingMessage } from '../experiment/waiting-for-target-message.ts';
import { enumerated } from '../text/enumerate.ts';
import { sanitizeLine } from '../text/sanitize.ts';
import { formatCount, formatCounted, formatRate, formatSeconds } from '../text/units.ts';
import { headline } from '../judge/recommendation.ts';
import { verdictSentence } from '../judge/wording/sentences.ts';
import { furthest, type LoadState } from '../judge/record/load-progress.ts';
import type { Event } from '../drive/events.ts';
import type { Theme } from './theme.ts';

/** Without a change for so long, a line says how far the load is. */
const QUIET_MS = 30_000;

/** The sentence of an event, not sanitised; undefined for what is no news to people. Exhaustive over the union. */
export function eventText(event: Event): string | undefined {
  switch (event.kind) {
    case 'driving':
      return event.resumed ? `${event.by} goes on with it` : undefined;
    case 'condition':
      return conditionText(event);
    case 'task-started':
    case 'task-done':
      return event.task === 'metrics/collect' ? undefined : event.text; // of a load its own lines report
    case 'task-skipped':
    case 'task-retried':
      return event.text;
    case 'load':
    case 'object':
      return undefined;
    case 'verdict':
      return verdictSentence(event.assessment);
    case 'iteration':
    case 'weights':
    case 'stopping':
    case 'waiting':
    case 'answered':
      return event.text;
    case 'warning':
      return `warning: ${event.text}`;
    case 'recommendation':
      return event.final ? `Completed: ${headline(event.recommendation, event.experiment.name)}` : undefined;
  }
}

function conditionText(event: Extract<Event, { kind: 'condition' }>): string | undefined {
  switch (event.reason) {
    case 'ExperimentInitialized':
      return isWaitingMessage(event.message) ? event.message : `${event.stage}: experiment initialised`;
    case 'TargetAcquired':
    case 'ExperimentCompleted':
      return undefined; // said by what follows
    case 'StageAdvanced':
      return event.message;
    default:
      return event.message === '' ? `${event.stage}: ${event.reason}` : `${event.stage}: ${event.message}`;
  }
}

/** What a load is about to do: reported once, when it starts. */
function startText(load: LoadState): string {
  const names = load.versions.map(({ version }) => version);
  const versions = `${names.length > 1 && load.plannedRequests !== undefined ? 'each of ' : ''}${enumerated(names)}`;
  const rate = load.ratePerSec === 0 ? 'as fast as the connections allow' : `at ${formatRate(load.ratePerSec)}`;
  if (load.plannedRequests === undefined)
    return `sending requests to ${versions} ${rate} for ${formatSeconds(load.plannedSeconds ?? 0)}`;
  const time = load.ratePerSec === 0 ? '' : ` (${formatSeconds(load.plannedRequests / load.ratePerSec)})`;
  return `sending ${formatCounted(load.plannedRequests, 'request')} to ${versions} ${rate}${time}`;
}

export function progressText(load: LoadState): string {
  const { sent, needed } = furthest(load);
  const planned = load.plannedRequests;
  const requests =
    planned === undefined || sent > planned
      ? formatCounted(sent, 'request')
      : `${formatCount(sent)} of ${formatCounted(planned, 'request')}`;
  const more = load.extending && needed > 0 ? `, about ${formatCount(needed)} more needed` : '';
  return `${requests} sent in ${formatSeconds(load.elapsedSeconds)}${load.extending ? ', going on until it is decided' : ''}${more}`;
}

/** Lines for a stream of events: `21:04:01 name: sentence`. Keeps quiet about load while other things are reported. */
export function createLog(theme: Theme): (event: Event) => string | undefined {
  let lastShownMs = Number.NEGATIVE_INFINITY;
  let task: string | undefined;
  let extending = false;
  return (event) => {
    const at = Date.parse(event.time);
    let text = eventText(event);
    if (event.kind === 'load') {
      if (event.load.task !== task) {
        task = event.load.task;
        extending = false;
        text = startText(event.load);
      } else if (event.load.extending && !extending) {
        extending = true;
        text = `the planned load is done: ${progressText(event.load)}`;
      } else if (at - lastShownMs >= QUIET_MS) {
        text = progressText(event.load);
      }
    }
    if (text === undefined) return undefined;
    lastShownMs = at;
    const line = `${event.time.slice(11, 19)} ${sanitizeLine(event.experiment.name)}: ${sanitizeLine(text)}`;
    if (event.kind === 'warning' || event.kind === 'stopping') return theme.open(line);
    if (event.kind === 'recommendation') return theme.headline(event.recommendation.verdict, line);
    return line;
  };
}
