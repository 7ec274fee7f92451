/** What is drawn again in place on a real terminal, while its size changes. */
import { mkdirSync, mkdtempSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { withDefaults } from '../../src/experiment/defaults.ts';
import type { Experiment, ExperimentStatus } from '../../src/experiment/experiment.ts';
import { renderList } from '../../src/render/experiment-list.ts';
import { themeFor } from '../../src/render/theme.ts';
import { listRow } from '../../src/view/experiment-view.ts';
import { missingTerminal, openTerminal } from '../support/terminal.ts';
import { testServer } from '../support/test-server.ts';
import { writeKubeconfig } from '../support/kube-server.ts';
import { describeUnless } from '../support/needs.ts';

const cli = `${process.execPath} ${path.join(import.meta.dirname, '../../bin/iter8ctl.js')}`;
const theme = themeFor({ isTTY: false }, { mode: 'never', env: { LANG: 'C.UTF-8' } });

/** Stores an experiment as local mode does, whole or not at all. */
function store(cwd: string, name: string, status?: ExperimentStatus): Experiment {
  const folder = path.join(cwd, '.iter8/experiments/default');
  mkdirSync(folder, { recursive: true });
  const object = {
    apiVersion: 'iter8.tools/v2alpha2' as const,
    kind: 'Experiment' as const,
    metadata: { name, namespace: 'default' },
    spec: { target: 'shop', strategy: { testingPattern: 'Conformance' as const } },
    ...(status === undefined ? {} : { status }),
  };
  writeFileSync(path.join(cwd, 'new'), JSON.stringify(object));
  renameSync(path.join(cwd, 'new'), path.join(folder, `${name}.yaml`));
  return withDefaults(object, { namespace: 'default' });
}

const ended = (status: 'True' | 'False'): ExperimentStatus => ({
  stage: status === 'True' ? 'Completed' : 'Running',
  conditions: [{ type: 'Completed', status }],
});

describeUnless(missingTerminal())('on a terminal', () => {
  it('the live view is drawn again when its size changes, wherever the answer goes', async () => {
    const cwd = mkdtempSync(path.join(tmpdir(), 'iter8ctl-terminal-'));
    const { name } = store(cwd, 'experiment-with-a-long-name').metadata;
    using terminal = openTerminal(`${cli} watch ${name} --local | cat`, { cwd, columns: 90 });
    // Nothing happens any more after that.
    await terminal.until('nobody drives');
    await terminal.until(`${name} (default)  Conformance`);
    terminal.resize(30);
    await terminal.until(`\n${name}\n  (default)  Conformance`);
  });

  it('watch --all is one table with those that wait and for whom, without debris, until all have ended', async () => {
    const cwd = mkdtempSync(path.join(tmpdir(), 'iter8ctl-terminal-'));
    const first = store(cwd, 'checkout-service-canary-1', ended('False'));
    const second = store(cwd, 'checkout-service-canary-2', {
      stage: 'Waiting',
      message: 'Waiting for target shop, which experiment default/checkout-service-canary-1 has',
    });
    const table = (experiments: readonly Experiment[], columns: number) =>
      renderList(
        experiments.map((one) => listRow(one)),
        { theme, namespace: 'default', now: 0, columns },
      );
    using terminal = openTerminal(`${cli} watch --all --local; echo that is all; cat`, { cwd, columns: 110 });
    for (const columns of [110, 40, 110, 57, 23, 140]) {
      terminal.resize(columns);
      const wanted = table([second, first], columns);
      await terminal.until((screen) => screen === wanted.replaceAll(/ +$/gm, ''));
    }
    expect(terminal.screen().replaceAll(/\s+/g, ' ')).toContain(
      'waits for experiment default/checkout-service-canary-1',
    );
    const done = [second, first].map(({ metadata }) => store(cwd, metadata.name, ended('True')));
    await terminal.until('that is all');
    expect(terminal.screen()).toBe(`${table(done, 140).replaceAll(/ +$/gm, '')}\nthat is all`);
  });

  it('get shows the newest of what is known so far, and then the whole list alone', async () => {
    const cwd = mkdtempSync(path.join(tmpdir(), 'iter8ctl-terminal-'));
    const experiment = (name: string, minute: number) => ({
      apiVersion: 'iter8.tools/v2alpha2',
      kind: 'Experiment',
      metadata: { name, namespace: 'shop', creationTimestamp: new Date(60_000 * minute).toISOString() },
      spec: { target: 'shop', strategy: { testingPattern: 'Conformance' } },
    });
    const first = Array.from({ length: 40 }, (_, at) => experiment(`early-${at}`, at));
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    const ANSWERS = {
      first: { metadata: { continue: 'rest' }, items: first },
      rest: { metadata: {}, items: [experiment('late', 100)] },
    };
    await using server = await testServer((request, answer) => {
      const { pathname, searchParams } = new URL(request.url ?? '', 'http://x');
      const send = (page: object) => answer.end(JSON.stringify(page));
      answer.writeHead(pathname.endsWith('/experiments') ? 200 : 404, { 'Content-Type': 'application/json' });
      if (searchParams.has('continue')) void released.then(() => send(ANSWERS.rest));
      else send(ANSWERS.first);
    });
    using terminal = openTerminal(`${cli} get -A --kubeconfig ${writeKubeconfig(server.url)}; echo that is all; cat`, {
      cwd,
      columns: 100,
    });
    await terminal.until('listing, 40 experiments so far ...');
    expect(terminal.screen()).toMatch(/^shop +early-39 .*\nshop +early-38 /m);
    release();
    await terminal.until('that is all');
    const lines = terminal.screen().split('\n');
    expect(lines.at(-1)).toBe('that is all');
    expect(lines.at(-2)).toMatch(/^shop +early-0 /);
    expect(lines.slice(0, -1).every((line) => line.startsWith('shop '))).toBe(true);
    expect(terminal.history()).toMatch(/^NAMESPACE .*\nshop +late .*\nshop +early-39 /m);
  });
});
