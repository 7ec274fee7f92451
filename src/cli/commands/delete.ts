/** `iter8ctl delete NAME...`: removes experiments, and their records on this machine. */
import { Command } from 'commander';
import { ConflictError, NotFoundError, UsageError } from '../../errors.ts';
import { EXIT, type ExitCode } from '../../exit-codes.ts';
import type { Io } from '../../io.ts';
import { hasEnded } from '../../experiment/conditions.ts';
import type { Experiment } from '../../experiment/experiment.ts';
import { sanitizeLine } from '../../text/sanitize.ts';
import { bareName, keyOf, openContext, whileConnecting, type Context } from '../context.ts';
import { withStoreFlags, type StoreFlags } from '../shared-flags.ts';
import { namedExperiment } from '../choose-experiment.ts';
import { sayTo } from '../stderr-messages.ts';
import { refuseSplitLeft } from '../unreturned-traffic.ts';

interface DeleteFlags extends StoreFlags {
  readonly selector?: string;
  readonly all?: boolean;
  readonly force?: boolean;
  readonly ignoreNotFound?: boolean;
}

export function deleteCommand(io: Io, done: (code: ExitCode) => void): Command {
  const command = new Command('delete')
    .description('deletes experiments with all that was measured; one that is being driven only with --force')
    .argument('[names...]', 'the experiments')
    .option('-l, --selector <labels>', 'those with these labels, as in kubectl')
    .option('--all', 'all of the namespace')
    .option('--force', 'also those that are being driven: their drivers end')
    .option('--ignore-not-found', 'a name that is not there is no error');
  return withStoreFlags(command).action(async (names: string[], flags: DeleteFlags) =>
    done(await remove(names, flags, io)),
  );
}

async function remove(names: readonly string[], flags: DeleteFlags, io: Io): Promise<ExitCode> {
  const ways = [names.length > 0, flags.selector !== undefined, flags.all === true].filter(Boolean).length;
  if (ways !== 1) throw new UsageError('say what to delete: names, -l LABELS or --all');
  const context = await openContext(flags, io, sayTo(io));
  const experiments = await whileConnecting(context, io, () => chosen(context, names, flags));
  if (flags.force !== true) await refuseDriven(experiments, context);
  for (const { metadata } of experiments) {
    await context.store.delete(metadata);
    await context.records.reset({ namespace: metadata.namespace, name: metadata.name });
    io.stdout.write(`experiment.iter8.tools ${JSON.stringify(sanitizeLine(metadata.name))} deleted\n`);
  }
  if (experiments.length === 0 && names.length === 0) io.stderr.write('no experiments found\n');
  return EXIT.ok;
}

async function chosen(context: Context, names: readonly string[], flags: DeleteFlags): Promise<Experiment[]> {
  if (names.length === 0) return context.store.list({ namespace: context.namespace, selector: flags.selector });
  const unique = [...new Set(names.map(bareName))];
  const found: Experiment[] = [];
  for (const name of unique) {
    try {
      // Damaged ones can be deleted too.
      found.push(await context.store.get(keyOf(context, name)));
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error;
      if (flags.ignoreNotFound !== true) await namedExperiment(context, name); // says which are there
    }
  }
  return found;
}

/** All or nothing: nobody wants half of what was asked for. */
async function refuseDriven(experiments: readonly Experiment[], context: Context): Promise<void> {
  for (const experiment of experiments) {
    if (hasEnded(experiment)) continue;
    const { name, namespace } = experiment.metadata;
    const holder = await context.lock.holder({ namespace, name });
    if (holder !== undefined) {
      throw new ConflictError(`experiment ${name} is being driven by ${holder.description}: nothing was deleted`, {
        hint: 'end its driver first, or delete it all the same: --force',
      });
    }
    refuseSplitLeft(experiment, context, 'or delete it all the same: --force');
  }
}
