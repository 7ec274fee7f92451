/** What messages ask people to type works when it is pasted. (Each command that a test runs is looked at: test/support/hints.ts.) */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asTypedWith } from '../../src/cli/suggested-commands.ts';
import { EXAMPLES } from '../../src/cli/examples.ts';
import { COMMAND_NAMES } from '../../src/cli/program.ts';
import { NotFoundError } from '../../src/errors.ts';
import { renderError } from '../../src/render/error.ts';
import { themeFor } from '../../src/render/theme.ts';
import { commandsIn, parsed, wordsOf } from '../support/hints.ts';
import { iter8ctl } from '../support/test-io.ts';
import { ok, testServer } from '../support/test-server.ts';
import { runs } from '../support/search-depth.ts';

const folder = () => mkdtempSync(path.join(tmpdir(), 'iter8ctl-hints-'));

describe('examples', () => {
  it.each(COMMAND_NAMES)('of %s are at least two, and can be typed', async (name) => {
    const examples = EXAMPLES[name] ?? [];
    expect(examples.length).toBeGreaterThanOrEqual(2);
    for (const line of examples) {
      const [, own] = /(?:^|\| |<\()iter8ctl ([^|>)]*)/.exec(line)!;
      await expect(parsed(wordsOf(own!)), line).resolves.toBeDefined();
    }
  });
});

it('a command as typed is read back as what it was made of, whatever the names', async () => {
  const word = fc
    .string({ minLength: 1, maxLength: 12 })
    .filter((text) => /^[ -~]+$/.test(text) && !text.startsWith('-'));
  await fc.assert(
    fc.asyncProperty(
      fc.record({ dir: word, namespace: word, context: word, as: word, asGroup: fc.array(word, { maxLength: 2 }) }),
      word,
      async (flags, name) => {
        const { namespace, asGroup, ...others } = flags;
        const rest = { namespace, ...others };
        const command = asTypedWith(flags, 'default')('get', { namespace, name }, '-o', 'raw');
        expect(await parsed(wordsOf(command).slice(1))).toMatchObject({
          ...rest,
          ...(asGroup.length === 0 ? {} : { asGroup }),
          output: 'raw',
        });
      },
    ),
    { numRuns: runs(100) },
  );
});

describe('hints name the place', () => {
  it('of a folder without experiments', async () => {
    const { code, err } = await iter8ctl(['describe', '--dir', 'my tries', '-n', 'shop'], { cwd: folder() });
    expect(code).toBe(6);
    expect(err).toContain("start one: iter8ctl run -n shop --dir 'my tries' -f FILE; or look elsewhere with -n\n");
  });

  it('of an experiment that has ended, and of its full record when the object is damaged', async () => {
    const cwd = folder();
    await using server = await testServer(ok);
    const args = ['run', '--dir', 'tries', '--url', server.url, '--slo', 'p50<=30s', '--name', 'shop', '--qps', '200'];
    await iter8ctl([...args, '--requests', '20'], { cwd });
    const again = await iter8ctl(args, { cwd });
    expect(again.code).toBe(2);
    expect(again.err).toContain(
      'look at it: iter8ctl describe shop --dir tries; run it again: iter8ctl run --dir tries -f FILE --restart;',
    );
    const file = path.join(cwd, 'tries/experiments/default/shop.yaml');
    writeFileSync(
      file,
      readFileSync(file, 'utf8')
        .replace(/("?format"?: )\d+/, '$1"x"')
        .replace(/"n": ?\d+/, '"n":"x"'),
    );
    const damaged = await iter8ctl(['describe', 'shop', '--dir', 'tries'], { cwd });
    expect(damaged.err).toMatch(/this record is damaged: .*\n/);
    const [replay] = commandsIn(damaged.err);
    expect(replay).toBe('iter8ctl replay tries/records/default/shop.ndjson');
    const { code, out } = await iter8ctl(wordsOf(replay!).slice(1), { cwd });
    expect(code).toBe(0);
    expect(out).toContain('shop');
  });
});

describe('an error on a terminal', () => {
  const theme = themeFor({ isTTY: false }, { mode: 'never', env: {} });
  const command = 'iter8ctl run checkout-service --dir ./some/folder -n shop';
  const error = new NotFoundError('no experiment "checkout-service" in namespace shop, after 3 min 20 s', {
    hint: `start it again (${command}), or look elsewhere`,
  });

  it('is broken at words, but no command that it asks for', () => {
    for (let columns = 20; columns < 100; columns++) {
      const text = renderError(error, theme, columns);
      expect(text).toContain(command);
      for (const line of text.split('\n'))
        if (!line.includes(command)) expect(line.length, line).toBeLessThanOrEqual(columns);
      expect(text.replaceAll(/\s+/g, ' ')).toBe(renderError(error, theme).replaceAll(/\s+/g, ' '));
    }
  });

  it('hides a password that a line would have been broken in', () => {
    const secret = new NotFoundError('http://user:correct-horse-battery@shop.test/a cannot be found');
    for (let columns = 20; columns < 60; columns++)
      expect(renderError(secret, theme, columns).replaceAll(/\s/g, '')).not.toMatch(/corr|horse|batt/);
  });
});
