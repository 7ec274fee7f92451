/** How a run or a watch is shown while it goes on: redrawn in place on a terminal, a line per change elsewhere, or ndjson. */
import type { Io } from '../io.ts';
import { isWaitingMessage } from '../experiment/waiting-for-target-message.ts';
import type { Event } from '../drive/events.ts';
import type { ListRow } from '../view/experiment-view.ts';
import { createListScreen } from '../render/list-screen.ts';
import { createLiveScreen } from '../render/live-view.ts';
import { createLog, eventText, progressText } from '../render/progress-lines.ts';
import { startSpinner, type Spinner } from '../render/spinner.ts';
import { themeFor } from '../render/theme.ts';
import { ndjsonLine } from '../report/ndjson.ts';
import type { OutputFlags } from './shared-flags.ts';
import { sayTo } from './stderr-messages.ts';

export interface Progress {
  readonly show: (event: Event) => void;
  /** A sentence outside the story, e.g. which experiment was chosen. */
  readonly say: (text: string) => void;
  /** Leaves the screen as the answer wants to find it. */
  readonly end: () => void;
}

/** Of several experiments: `changed` takes what there is now; `isWhole`: that is all. */
export interface ListProgress extends Progress {
  readonly changed: (rows: () => readonly ListRow[], how: { readonly isWhole: boolean }) => void;
}

const isRedrawn = (io: Io): boolean => io.stderr.isTTY && io.env['TERM'] !== 'dumb';

/** One table on a terminal; elsewhere the same lines as for one experiment. */
export function createListProgress(io: Io, flags: OutputFlags, namespace: () => string | undefined): ListProgress {
  if (flags.output === 'ndjson' || !isRedrawn(io)) return { ...createProgress(io, flags), changed: () => undefined };
  const theme = themeFor(io.stderr, { mode: flags.color, env: io.env });
  const screen = createListScreen({ output: io.stderr, theme, clock: io.clock, namespace });
  const stopResize = io.resized(() => screen.redraw());
  return {
    show: () => undefined, // the table shows what came of it
    say: (text) => screen.say(text),
    changed: (rows, how) => screen.show(rows, how),
    end: () => {
      stopResize();
      screen.end();
    },
  };
}

/** Perhaps for hours, in which a live view would have nothing to show. */
function waitsForTarget(event: Event): event is Extract<Event, { kind: 'condition' }> {
  return event.kind === 'condition' && isWaitingMessage(event.message);
}

/**
 * The live view goes where people look: to the terminal of stderr, so that stdout holds the answer alone. With `-o ndjson`
 * the events are the answer.
 */
export function createProgress(io: Io, flags: OutputFlags): Progress {
  const say = sayTo(io);
  if (flags.output === 'ndjson') {
    return { show: (event) => io.stdout.write(`${ndjsonLine(event)}\n`), say, end: () => undefined };
  }
  const theme = themeFor(io.stderr, { mode: flags.color, env: io.env });
  if (isRedrawn(io)) {
    const screen = createLiveScreen({ output: io.stderr, theme, clock: io.clock });
    const stopResize = io.resized(() => screen.redraw());
    let waiting: Spinner | undefined;
    const goOn = () => {
      if (waiting === undefined) return;
      waiting.stop();
      waiting = undefined;
      screen.resume();
    };
    return {
      show: (event) => {
        if (waitsForTarget(event)) {
          goOn();
          screen.pause();
          waiting = startSpinner(event.message, { output: io.stderr, env: io.env });
        } else if (event.kind !== 'object') {
          goOn(); // that it waits is saved too
        }
        screen.show(event);
      },
      say: (text) => screen.say(text),
      end: () => {
        waiting?.stop();
        stopResize();
        screen.end();
      },
    };
  }
  const log = createLog(theme);
  return {
    show: (event) => {
      const line = log(event);
      if (line !== undefined) io.stderr.write(`${line}\n`);
    },
    say,
    end: () => undefined,
  };
}

/** Of a load whose experiment is nobody's concern: how far it is, and what went wrong. Its verdicts are no answer to anybody. */
export function createLoadProgress(io: Io, { color }: Pick<OutputFlags, 'color'>): Progress {
  const isNews = (event: Event) =>
    event.kind === 'warning' || event.kind === 'stopping' || (event.kind === 'condition' && event.warning);
  if (!isRedrawn(io)) {
    const log = createProgress(io, { color, output: 'text' });
    return {
      ...log,
      show: (event) => {
        if (event.kind === 'load' || isNews(event)) log.show(event);
      },
    };
  }
  const say = sayTo(io);
  let spinner: Spinner | undefined;
  const end = () => {
    spinner?.stop();
    spinner = undefined;
  };
  const aside = (text: string) => {
    end();
    say(text);
  };
  return {
    show: (event) => {
      if (event.kind === 'load') {
        spinner ??= startSpinner('', { output: io.stderr, env: io.env });
        spinner.say(progressText(event.load));
      } else if (isNews(event)) {
        aside(eventText(event) ?? '');
      }
    },
    say: aside,
    end,
  };
}
