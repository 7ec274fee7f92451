/** `iter8ctl get [NAME...]`: a list, one line each. */
import { Command, Option } from 'commander';
import { UsageError } from '../../errors.ts';
import { EXIT, type ExitCode } from '../../exit-codes.ts';
import type { Io } from '../../io.ts';
import { keyText, type Experiment } from '../../experiment/experiment.ts';
import { outlineOf } from '../../experiment/list-outline.ts';
import { keptOf, type ExperimentStore, type ListAllOptions, type StoreEvent } from '../../drive/ports.ts';
import { refuseDamage } from '../../judge/record/damage.ts';
import { bareName, openContext, whileConnecting } from '../context.ts';
import { withObjectOutput, withStoreFlags, type OutputFlags, type StoreFlags } from '../shared-flags.ts';
import { namedExperiment } from '../choose-experiment.ts';
import { SORT_KEYS, sortedBy, type SortKey } from '../sort-experiments.ts';
import { endingOf } from '../end-from-outside.ts';
import { fieldFilter } from '../field-selector.ts';
import { openListLineCache } from '../list-line-cache.ts';
import { listPreview } from '../list-preview.ts';
import { LINES_ALONE, listText, type ListFlags, type ListHow } from '../print-list.ts';
import { sayTo } from '../stderr-messages.ts';
import { listRow, type ListRow } from '../../view/experiment-view.ts';

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
    preview.seen();
    return outline;
  };
  const sorted = (found: Iterable<Experiment>) => sortedBy(flags.sortBy, Array.from(found).filter(filter));
  const preview = listPreview(context, {
    flags,
    io,
    namespace,
    rows: () => sorted(rows!.keys()).map((outline) => rows!.get(outline)!),
  });
  const known = rows === undefined || context.mode !== 'local' ? undefined : openListLineCache(io, context.place, rows);
  const selected = { namespace, selector: flags.selector, trim: rows === undefined ? undefined : lineOf, known };
  const named = () => Promise.all([...wanted].map((name) => namedExperiment(context, name)));
  const print = async (found: readonly Experiment[]): Promise<ListHow> => {
    const how = { flags, io, context, namespace, isOne: names.length === 1, rows };
    io.stdout.write(await listText(sorted(found), how));
    return how;
  };
  const given = wanted.size === 0 ? undefined : await whileConnecting(context, io, named);
  if (flags.watch !== true) {
    await print(given ?? (await preview.during(() => context.store.list(selected))));
    known?.save();
    return EXIT.ok;
  }
  const ending = endingOf(io, { withoutReader: EXIT.ok });
  try {
    const watched = { ...selected, signal: ending.signal };
    const [only] = wanted.size === 1 ? wanted : [];
    const { found, changes } =
      given === undefined
        ? await preview.during(() => listAndChanges(context.store, watched, sayTo(io)))
        : { found: given, changes: context.store.watch({ ...watched, name: only }) };
    if (ending.signal.aborted) return ending.code() ?? EXIT.ok;
    const how = await print(found);
    const isWanted = (one: Experiment) => filter(one) && (wanted.size === 0 || wanted.has(one.metadata.name));
    await follow(changes, found, { ...how, rows: undefined, isWanted });
  } catch (error) {
    if (!ending.signal.aborted) throw error;
  } finally {
    ending.close();
  }
  return ending.code() ?? EXIT.ok;
}

/** What is there, and what changes from then on: one list is enough for both. */
async function listAndChanges(
  store: ExperimentStore,
  options: ListAllOptions & { readonly signal: AbortSignal },
  say: (text: string) => void,
): Promise<{ readonly found: readonly Experiment[]; readonly changes: AsyncIterable<StoreEvent> }> {
  const events = store.watch(options)[Symbol.asyncIterator]();
  const found = new Map<string, Experiment>();
  for (let next = await events.next(); next.done !== true && next.value.kind !== 'synced'; next = await events.next()) {
    const event = next.value;
    if (event.kind === 'stale') say(`waiting: ${event.reason}`);
    if (event.kind === 'stale' || event.kind === 'fresh') continue;
    const key = keyText(event.object.metadata);
    const kept = event.kind === 'deleted' ? undefined : keptOf(event.object, options);
    if (kept === undefined) found.delete(key);
    else found.set(key, kept);
  }
  // A list of none also finds out whether there is such a namespace.
  if (found.size === 0) await store.list(options);
  return { found: [...found.values()], changes: { [Symbol.asyncIterator]: () => events } };
}

/** A line, or object, for each change, as `kubectl get -w`. */
async function follow(
  events: AsyncIterable<StoreEvent>,
  first: readonly Experiment[],
  how: ListHow & { readonly isWanted: (experiment: Experiment) => boolean },
): Promise<void> {
  const { flags, io, context, isWanted } = how;
  const versions = new Map(first.map((one) => [keyText(one.metadata), one.metadata.resourceVersion]));
  for await (const event of events) {
    if (event.kind !== 'added' && event.kind !== 'modified') continue;
    const { metadata } = event.object;
    if (!isWanted(event.object) || versions.get(keyText(metadata)) === metadata.resourceVersion) continue;
    versions.set(keyText(metadata), metadata.resourceVersion);
    const changed = refuseDamage(event.object, context.replayAsTyped);
    io.stdout.write(await listText([changed], { ...how, flags: { ...flags, headers: false }, isOne: true }));
  }
}
