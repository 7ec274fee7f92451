/** `iter8ctl assert [NAME] -c CONDITION`: an exit code for scripts. */
import { Command } from 'commander';
import { NotFoundError, UsageError } from '../../errors.ts';
import { EXIT, type ExitCode } from '../../exit-codes.ts';
import { plainAssertion } from '../../report/assertion.ts';
import { jsonText } from '../../report/json-text.ts';
import { timeLimit, type Io } from '../../io.ts';
import type { Experiment } from '../../experiment/experiment.ts';
import { ASSERTIONS, assertionState, type Assertion, type AssertionState } from '../../judge/assert-conditions.ts';
import { hasFailed } from '../../experiment/conditions.ts';
import { didYouMean } from '../../text/did-you-mean.ts';
import { sanitizeLine } from '../../text/sanitize.ts';
import { knownJudgement } from '../../judge/iter8-07/judge-recorded-object.ts';
import { openContext, keyOf, whileConnecting, type Context } from '../context.ts';
import {
  durationFlag,
  repeated,
  withOutputFlags,
  withStoreFlags,
  type OutputFlags,
  type StoreFlags,
} from '../shared-flags.ts';
import { chosenExperiment } from '../choose-experiment.ts';
import { sayTo } from '../stderr-messages.ts';

interface AssertFlags extends StoreFlags, OutputFlags {
  readonly condition?: string[];
  readonly filename?: string;
  readonly ignoreOthers?: boolean;
  readonly timeout?: number;
}

export function assertCommand(io: Io, done: (code: ExitCode) => void): Command {
  const command = new Command('assert')
    .description('exits 0 when every condition holds, 1 when one cannot hold any more, 3 when it may still')
    .argument('[name]', 'the experiment; without it the newest')
    .option('-c, --condition <names>', `${ASSERTIONS.join(', ')}; a comma list, or repeated`, repeated)
    .option('-f, --filename <file>', 'ask an object in a file, - for standard input')
    .option('--ignore-others', 'skip objects of other kinds in that file, with a note')
    .option('--timeout <duration>', 'wait so long for the conditions', durationFlag);
  return withOutputFlags(withStoreFlags(command), ['text', 'json']).action(
    async (name: string | undefined, flags: AssertFlags) => {
      done(await assertAll(name, flags, io));
    },
  );
}

async function assertAll(name: string | undefined, flags: AssertFlags, io: Io): Promise<ExitCode> {
  const conditions = parseConditions(flags.condition ?? []);
  const say = sayTo(io);
  if (flags.filename !== undefined) {
    if (name !== undefined) throw new UsageError('give a name or -f, not both');
    return report(
      await (await import('../manifest-flags.ts')).readObject(flags.filename, io, flags.namespace, flags),
      conditions,
      {
        flags,
        io,
        over: false,
      },
    );
  }
  const context = await openContext(flags, io, say);
  if (flags.timeout === undefined) {
    const experiment = await whileConnecting(context, io, () => chosenExperiment(context, name, say));
    return report(experiment, conditions, { flags, io, over: false });
  }
  const chosen = name ?? (await chosenExperiment(context, undefined, say)).metadata.name;
  const limit = timeLimit(io.clock, flags.timeout);
  const last = await waitFor(context, chosen, { conditions, signal: limit.signal }).finally(() => limit.cancel());
  if (last === undefined) throw new NotFoundError(`experiment ${chosen} did not appear within the timeout`);
  return report(last, conditions, { flags, io, over: true });
}

function parseConditions(written: readonly string[]): Assertion[] {
  const names = written
    .flatMap((text) => text.split(','))
    .map((text) => text.trim())
    .filter((text) => text !== '');
  if (names.length === 0) {
    throw new UsageError('assert needs a condition', { hint: `-c with one of ${ASSERTIONS.join(', ')}` });
  }
  return names.map((name) => {
    const known = ASSERTIONS.find((assertion) => assertion.toLowerCase() === name.toLowerCase());
    if (known === undefined) {
      throw new UsageError(`unknown condition ${JSON.stringify(name)}`, {
        hint: `${didYouMean(name, ASSERTIONS) ?? ''} there are: ${ASSERTIONS.join(', ')}`.trim(),
      });
    }
    return known;
  });
}

function statesOf(
  experiment: Experiment,
  conditions: readonly Assertion[],
): { readonly condition: Assertion; readonly state: AssertionState }[] {
  const { recommendation, assessments } = knownJudgement(experiment);
  return conditions.map((condition) => ({
    condition,
    state: assertionState(condition, { experiment, recommendation, assessments }),
  }));
}

function report(
  experiment: Experiment,
  conditions: readonly Assertion[],
  at: { readonly flags: AssertFlags; readonly io: Io; readonly over: boolean },
): ExitCode {
  const states = statesOf(experiment, conditions);
  const code = exitCode(
    experiment,
    states.map((one) => one.state),
    { asksFailed: conditions.includes('failed'), over: at.over },
  );
  const { name, namespace } = experiment.metadata;
  if (at.flags.output === 'json') {
    at.io.stdout.write(
      `${jsonText(plainAssertion({ experiment: name, namespace, holds: code === EXIT.ok, conditions: states }))}\n`,
    );
  } else {
    const words = { holds: 'holds', never: 'does not hold', may: 'does not hold yet' } as const;
    for (const { condition, state } of states)
      at.io.stdout.write(`${sanitizeLine(name)}: ${condition} ${words[state]}\n`);
  }
  return code;
}

function exitCode(
  experiment: Experiment,
  states: readonly AssertionState[],
  how: { readonly asksFailed: boolean; readonly over: boolean },
): ExitCode {
  if (states.every((state) => state === 'holds')) return EXIT.ok;
  if (hasFailed(experiment) && !how.asksFailed) return EXIT.failed;
  if (states.includes('never')) return EXIT.no;
  return how.over ? EXIT.timeout : EXIT.undecided;
}

/** Watches until the conditions are settled either way, or the time is over; the last state seen, undefined when it never appeared. */
async function waitFor(
  context: Context,
  name: string,
  wanted: { readonly conditions: readonly Assertion[]; readonly signal: AbortSignal },
): Promise<Experiment | undefined> {
  const { signal } = wanted;
  let last: Experiment | undefined;
  try {
    for await (const event of context.store.watch({ ...keyOf(context, name), signal })) {
      if (event.kind !== 'added' && event.kind !== 'modified') continue;
      last = event.object;
      const states = statesOf(event.object, wanted.conditions).map((one) => one.state);
      if (states.includes('never') || states.every((state) => state === 'holds')) return last;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return last;
}
