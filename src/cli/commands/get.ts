/** `iter8ctl get [NAME...]`: a list, one line each. */
import { Command, Option } from 'commander';
import { UsageError } from '../../errors.ts';
import { EXIT, type ExitCode } from '../../exit-codes.ts';
import type { Io } from '../../io.ts';
import { keyText, type Experiment } from '../../experiment/experiment.ts';
import { outlineOf } from '../../experiment/outline.ts';
import { refuseDamage } from '../../judge/record/damage.ts';
import { bareName, openContext, whileConnecting } from '../context.ts';
import { withObjectOutput, withStoreFlags, type OutputFlags, type StoreFlags } from '../shared-flags.ts';
import { namedExperiment, newestFirst } from '../choose-experiment.ts';
import { endingOf } from '../end-from-outside.ts';
import { fieldFilter } from '../field-selector.ts';
import { LINES_ALONE, listText, type ListFlags, type ListHow } from '../print-list.ts';
import { sayTo } from '../say.ts';
import { listRow, type ListRow } from '../../view/experiment-view.ts';

const SORT_KEYS = ['age', 'name', 'target', 'stage'] as const;
type SortKey = (typeof SORT_KEYS)[number];

interface GetFlags extends StoreFlags, OutputFlags, ListFlags {
  readonly selector?: string;
  readonly fieldSelector?: string;
  readonly watch?: boolean;
  readonly sortBy: SortKey;
}

export function getCommand(io: Io, done: (code: ExitCode) => void): Command {
  const command = new Command('get')
    .description('lists experiments, newest first')
    .argument('[names...]', 'only these')
    .option('-A, --all-namespaces', 'of all namespaces')
    .option('-l, --selector <labels>', 'only with these labels, as in kubectl')
    .option('--field-selector <fields>', 'only with this metadata.name or metadata.namespace, as in kubectl')
    .option('-w, --watch', 'then a line for each change, until Ctrl-C')
    .option('--no-headers', 'without the line of titles')
    .option('--show-labels', 'with a column of labels')
    .addOption(new Option('--sort-by <key>', 'order of the lines').choices([...SORT_KEYS]).default('age'));
  return withObjectOutput(withStoreFlags(command), ['text', 'wide', 'json', 'yaml', 'raw', 'name']).action(
    async (names: string[], flags: GetFlags) => done(await get(names, flags, io)),
  );
}

async function get(names: readonly string[], flags: GetFlags, io: Io): Promise<ExitCode> {
  const filter = fieldFilter(flags.fieldSelector);
  if (names.length > 0 && (flags.allNamespaces === true || flags.selector !== undefined))
    throw new UsageError('give names, or -A or -l, not both');
  const context = await openContext(flags, io, sayTo(io));
  const namespace = flags.allNamespaces === true ? undefined : context.namespace;
  const wanted = new Set(names.map(bareName));
  const rows = LINES_ALONE.includes(flags.output) ? new Map<Experiment, ListRow>() : undefined;
  const lineOf = (experiment: Experiment): Experiment => {
    const outline = outlineOf(experiment);
    rows!.set(outline, listRow(experiment));
    return outline;
  };
  const found = await whileConnecting(context, io, () =>
    wanted.size > 0
      ? Promise.all([...wanted].map((name) => namedExperiment(context, name)))
      : context.store.list({ namespace, selector: flags.selector, trim: rows === undefined ? undefined : lineOf }),
  );
  const experiments = found.filter(filter).toSorted(newestFirst).toSorted(order(flags.sortBy));
  const list = { flags, io, context, namespace, isOne: names.length === 1, rows };
  io.stdout.write(await listText(experiments, list));
  if (flags.watch !== true) return EXIT.ok;
  const isWanted = (one: Experiment) => filter(one) && (wanted.size === 0 || wanted.has(one.metadata.name));
  return follow(experiments, { ...list, isWanted });
}

/** A line, or object, for each change, as `kubectl get -w`. */
async function follow(
  first: readonly Experiment[],
  how: ListHow & { readonly flags: GetFlags; readonly isWanted: (experiment: Experiment) => boolean },
): Promise<ExitCode> {
  const { flags, io, namespace, context, isWanted } = how;
  const ending = endingOf(io, { withoutReader: EXIT.ok });
  const versions = new Map(first.map((one) => [keyText(one.metadata), one.metadata.resourceVersion]));
  try {
    for await (const event of context.store.watch({ namespace, selector: flags.selector, signal: ending.signal })) {
      if (event.kind !== 'added' && event.kind !== 'modified') continue;
      const { metadata } = event.object;
      if (!isWanted(event.object) || versions.get(keyText(metadata)) === metadata.resourceVersion) continue;
      versions.set(keyText(metadata), metadata.resourceVersion);
      const changed = refuseDamage(event.object, context.replayAsTyped);
      io.stdout.write(await listText([changed], { ...how, flags: { ...flags, headers: false }, isOne: true }));
    }
  } catch (error) {
    if (!ending.signal.aborted) throw error;
  } finally {
    ending.close();
  }
  return ending.code() ?? EXIT.ok;
}

/** Equal keys keep the newest first. */
function order(key: SortKey): (a: Experiment, b: Experiment) => number {
  const text: Record<SortKey, (experiment: Experiment) => string> = {
    age: () => '',
    name: (experiment) => experiment.metadata.name,
    target: (experiment) => experiment.spec.target,
    stage: (experiment) => experiment.status?.stage ?? '',
  };
  const of = text[key];
  return (a, b) => (of(a) < of(b) ? -1 : of(a) > of(b) ? 1 : 0);
}
