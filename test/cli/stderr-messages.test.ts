import { expect, it } from 'vitest';
import { sayTo } from '../../src/cli/stderr-messages.ts';
import { testIo } from '../support/test-io.ts';

const text =
  'what was measured in 3 min 20 s is saved; go on with: iter8ctl run checkout-service --dir ./tries -n shop';

it('says a sentence in one line where no width is known', () => {
  const io = testIo({ cwd: '/' });
  sayTo(io)(`${text}\u001b[31m`);
  expect(io.err()).toBe(`${text}\\x1b[31m\n`);
});

it('breaks it on a terminal, but not a command, nor a number from its unit', () => {
  for (let columns = 20; columns < 120; columns++) {
    const io = testIo({ cwd: '/', columns });
    sayTo(io)(text);
    expect(io.err()).toContain('iter8ctl run checkout-service --dir ./tries -n shop\n');
    expect(io.err()).not.toMatch(/\d\n/);
    for (const line of io.err().split('\n'))
      if (!line.includes('iter8ctl')) expect(line.length, line).toBeLessThanOrEqual(columns);
  }
});
