/** `run` of what another process drives: the end that the driver has just saved before it went is the answer. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { load } from 'js-yaml';
import { expect, it } from 'vitest';
import type { Context } from '../../src/cli/context.ts';
import { driveToEnd } from '../../src/cli/drive-and-show.ts';
import { createProgress } from '../../src/cli/progress-display.ts';
import { createScriptGate } from '../../src/cli/script-gate.ts';
import { settleAgain } from '../../src/cli/start-or-resume.ts';
import type { WrittenExperiment } from '../../src/experiment/experiment.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { testIo } from '../support/test-io.ts';

const final = path.join(import.meta.dirname, '../fixtures/recorded/00-first-exp/final.yaml');
const ended = load(readFileSync(final, 'utf8')) as WrittenExperiment & { readonly status: object };
const driver = { identity: 'another', description: 'process 7' };

/** A place where another process drives `ended`, and ends and goes as soon as somebody looks whether it is there. */
async function driven() {
  const io = testIo({ cwd: '/', clock: fakeClock() });
  const store = createMemoryStore({ clock: io.clock });
  const { status, ...written } = ended;
  const experiment = await store.create(written);
  const { namespace, name } = experiment.metadata;
  const key = { namespace, name };
  let released = false;
  const context = {
    mode: 'local',
    // What changes is seen late: only by who begins to watch after it.
    store: Object.assign(Object.create(store) as typeof store, {
      get: store.get.bind(store),
      async *watch({ signal }: { readonly signal: AbortSignal }) {
        yield { kind: 'added', object: await store.get(key) };
        yield { kind: 'synced' };
        if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
      },
    }),
    lock: {
      acquire: async () => ({
        held: { lost: new AbortController().signal, release: async () => void (released = true) },
      }),
      holder: async () => {
        await store.patchStatus(key, status);
        return undefined;
      },
    },
    self: { identity: 'self', description: 'this process' },
    asTyped: (...words: readonly unknown[]) => words.join(' '),
    namespace,
  } as unknown as Context;
  return { io, store, key, context, experiment, status, released: () => released };
}

it('is answered when its driver saved its end and went between two looks', async () => {
  const { io, context, experiment } = await driven();
  const flags = { output: undefined, color: 'never' } as never;
  const progress = createProgress(io, flags);
  const code = await driveToEnd(
    { kind: 'watch', experiment, heldBy: driver },
    {
      context,
      io,
      flags,
      strength: {},
      progress,
      reports: { show: () => undefined, end: async () => undefined },
      scripts: createScriptGate({
        context,
        approvals: () => Promise.reject(new Error('no script is to be approved')),
        allowAll: false,
        own: undefined,
        from: 'the folder',
        say: progress.say,
      }),
    },
  );
  expect(io.err()).toContain('is driven by process 7: watching it');
  expect(io.err()).not.toContain('going on with');
  expect(io.out()).toContain('judged again: undecided: hello-candidate');
  expect(code).toBe(3);
});

it('is found under the lock, which is given back', async () => {
  const { context, key, store, status, released } = await driven();
  const get = store.get.bind(store);
  let looks = 0;
  // The end comes between the look and the lock.
  context.store.get = async (of) => {
    if (looks++ === 1) await store.patchStatus(key, status);
    return get(of);
  };
  expect(await settleAgain(context, key)).toBe('ended');
  expect(released()).toBe(true);
});
