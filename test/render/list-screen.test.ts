import { expect, it } from 'vitest';
import { createListScreen } from '../../src/render/list-screen.ts';
import { themeFor } from '../../src/render/theme.ts';
import type { ListRow } from '../../src/view/experiment-view.ts';
import { fakeClock } from '../support/fake-clock.ts';

const row = (name: string): ListRow => ({
  name,
  namespace: 'shop',
  target: 'shop/hello',
  testingPattern: 'Conformance',
  stage: 'Running',
  waitsFor: undefined,
  iterations: { completed: 0, total: 1 },
  createdAt: undefined,
  ended: false,
  driven: undefined,
  recommendation: { verdict: 'undecided', keepsBaseline: false, reasons: [] },
  headline: '',
  judgedAgain: undefined,
});

/** What is on a terminal of 12 rows. */
function drawn(count: number, isWhole: boolean): string[] {
  let written = '';
  const output = { isTTY: true, columns: 100, rows: 12, write: (text: string) => void (written += text) };
  const theme = themeFor(output, { mode: 'never', env: {} });
  const screen = createListScreen({ output, theme, clock: fakeClock(), namespace: () => 'shop' });
  screen.show(() => Array.from({ length: count }, (_, at) => row(`e${at}`)), { isWhole });
  screen.redraw();
  const lines = written === '' ? [] : written.split('\u001b[J').at(-1)!.split('\n');
  screen.end();
  return lines;
}

it('shows a long list as soon as it fills the screen, and says that more of it comes', () => {
  const lines = drawn(5000, false);
  expect(lines).toHaveLength(11);
  expect(lines[0]).toMatch(/listing, 5,?000 experiments so far/);
  expect(lines.join('\n')).toMatch(/e0 /);
  // The note, the titles, the last line and a free one take four of twelve.
  expect(lines.at(-1)).toMatch(/^\.\.\. 4,?992 more lines/);
});

it('does not flicker for a short one: it is shown when it is whole', () => {
  expect(drawn(11, false)).toEqual([]);
  expect(drawn(3, true).join('\n')).toMatch(/e0 .*\n.*e1 .*\n.*e2 /);
  expect(drawn(3, true).join('\n')).not.toMatch(/listing/);
});

it('counts what does not fit', () => {
  expect(drawn(40, true).at(-1)).toMatch(/^\.\.\. 31 more lines/);
});
