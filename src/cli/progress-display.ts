/** How a run or a watch is shown while it goes on: redrawn in place on a terminal, a line per change elsewhere, or ndjson. */
import type { Io } from '../io.ts';
import type { Event } from '../drive/events.ts';
import { createLiveScreen } from '../render/live-view.ts';
import { createLog } from '../render/log-lines.ts';
import { startSpinner, type Spinner } from '../render/spinner.ts';
import { themeFor } from '../render/theme.ts';
import { sanitizeLine } from '../text/sanitize.ts';
import { ndjsonLine } from '../report/ndjson.ts';
import type { OutputFlags } from './shared-flags.ts';

export interface Progress {
  readonly show: (event: Event) => void;
  /** A sentence outside the story, e.g. which experiment was chosen. */
  readonly say: (text: string) => void;
  /** Leaves the screen as the answer wants to find it. */
  readonly end: () => void;
}

/** Perhaps for hours, in which a live view would have nothing to show. */
function waitsForTarget(event: Event): event is Extract<Event, { kind: 'condition' }> {
  return event.kind === 'condition' && event.message.startsWith('Waiting for target ');
}

/**
 * The live view goes where people look: to the terminal of stderr, so that stdout holds the answer alone. With `-o ndjson`
 * the events are the answer.
 */
export function createProgress(io: Io, flags: OutputFlags): Progress {
  const say = (text: string) => io.stderr.write(`${sanitizeLine(text)}\n`);
  if (flags.output === 'ndjson') {
    return { show: (event) => io.stdout.write(`${ndjsonLine(event)}\n`), say, end: () => undefined };
  }
  const theme = themeFor(io.stderr, { mode: flags.color, env: io.env });
  if (io.stderr.isTTY && io.env['TERM'] !== 'dumb') {
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
