import { expect, it } from 'vitest';
import { startSpinner, whileWaiting } from '../../src/render/spinner.ts';

function terminal(isTTY: boolean) {
  let written = '';
  let notify: () => void = () => undefined;
  return {
    output: {
      isTTY,
      columns: 30,
      rows: 10,
      write: (text: string) => {
        written += text;
        notify();
      },
    },
    written: () => written,
    saw: (text: string) =>
      new Promise<void>((resolve) => {
        notify = () => written.includes(text) && resolve();
        notify();
      }),
  };
}

it('shows on a terminal what is waited for, on one line of visible text, and erases it', async () => {
  const { output, written, saw } = terminal(true);
  const spinner = startSpinner(`waiting for \u001b[2J${'x'.repeat(100)}`, { output, env: {} }, 0);
  await saw('waiting for \\x1b[2J');
  spinner.say('still \u001b[1m waiting');
  await saw('still \\x1b[1m waiting');
  spinner.stop();
  expect(written()).not.toContain('\n');
  expect(written()).not.toContain('x'.repeat(30));
  expect(written().endsWith('\u001b[1G\u001b[2K')).toBe(true);
  const before = written();
  spinner.stop();
  expect(written()).toBe(before);
});

it('shows nothing in a pipe, on a dumb terminal, or for what takes no time', async () => {
  const pipe = terminal(false);
  startSpinner('waiting', { output: pipe.output, env: {} }, 0).stop();
  const dumb = terminal(true);
  startSpinner('waiting', { output: dumb.output, env: { TERM: 'dumb' } }, 0).stop();
  const quick = terminal(true);
  expect(await whileWaiting('waiting', { output: quick.output, env: {} }, () => Promise.resolve(7))).toBe(7);
  await expect(
    whileWaiting('waiting', { output: quick.output, env: {} }, () => Promise.reject(new Error('no'))),
  ).rejects.toThrow('no');
  expect(pipe.written() + dumb.written() + quick.written()).toBe('');
});
