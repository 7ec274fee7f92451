/** Frames on a terminal that breaks long lines again when its width changes, as most do: nothing of an earlier frame is left. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { redrawnFrame } from '../../src/render/redrawn-frame.ts';
import { wrap } from '../../src/text/wrap.ts';
import { fakeClock } from '../support/fake-clock.ts';

/** As much of a terminal as frames use: text, line ends, back to the first column, up, and erase to the end. ASCII only. */
class ReflowingTerminal {
  /** What was written as lines; each takes as many rows as it needs. */
  #lines: string[] = [''];
  /** The cursor is at the end of what is written, or, after going up, at the beginning of that row. */
  #row: number | undefined;
  columns: number;
  constructor(columns: number) {
    this.columns = columns;
  }

  #rows(): { line: number; from: number }[] {
    return this.#lines.flatMap((text, line) =>
      Array.from({ length: Math.max(1, Math.ceil(text.length / this.columns)) }, (_, at) => ({
        line,
        from: at * this.columns,
      })),
    );
  }

  write(text: string): void {
    // oxlint-disable-next-line no-control-regex
    for (const [part] of text.matchAll(/\u001b\[(?:\d+)?[AJ]|[\r\n]|[^\u001b\r\n]+/g)) {
      if (part === '\r') this.#row = this.#rows().length - 1;
      else if (part.endsWith('A') && part.startsWith('\u001b'))
        this.#row = Math.max(0, this.#row! - Number.parseInt(part.slice(2), 10));
      else if (part === '\u001b[J') {
        const { line, from } = this.#rows()[this.#row!]!;
        this.#lines = [...this.#lines.slice(0, line), this.#lines[line]!.slice(0, from)];
      } else if (part === '\n') this.#lines.push('');
      else this.#lines[this.#lines.length - 1] += part;
    }
  }

  text(): string {
    return this.#lines.join('\n');
  }
}

it('leaves nothing of an earlier frame, whatever the widths, and all that was said above it', () => {
  const step = fc.oneof(
    fc.record({ columns: fc.integer({ min: 20, max: 120 }) }),
    fc.record({ lines: fc.array(fc.integer({ min: 1, max: 120 }), { minLength: 1, maxLength: 8 }) }),
    fc.record({ say: fc.constantFrom('up to date again', 'stale: nobody answers') }),
  );
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 20 }), (steps) => {
      const terminal = new ReflowingTerminal(80);
      const output = {
        isTTY: true,
        rows: 500,
        write: (text: string) => terminal.write(text),
        get columns() {
          return terminal.columns;
        },
      };
      let wanted: readonly number[] = [1];
      const lines = () => wanted.map((length) => 'x'.repeat(Math.min(length, terminal.columns)));
      const frame = redrawnFrame({ output, clock: fakeClock(), lines });
      const said: string[] = [];
      for (const one of steps) {
        if ('columns' in one) terminal.columns = one.columns;
        else if ('lines' in one) wanted = one.lines;
        else {
          said.push(...wrap(one.say, { columns: terminal.columns, rest: '  ' }));
          frame.say(one.say);
        }
        frame.drawNow();
        expect(terminal.text()).toBe([...said, ...lines()].join('\n'));
      }
      frame.end();
      expect(terminal.text()).toBe([...said, ''].join('\n'));
    }),
  );
});
