/** Where a measured run comes from: a stored experiment, an object or a record in a file, or the results of another tool. */
import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { NotFoundError, UsageError } from '../errors.ts';
import { replaceIo, type Io } from '../io.ts';
import { buffers, withHead } from '../adapters/results/byte-streams.ts';
import { HEAD_BYTES, isFile, kindOfFile, kindOfHead } from '../adapters/results/kind-of-file.ts';
import { keyText, type Experiment } from '../experiment/experiment.ts';
import { experimentOfObjectives, nameOfResults, parseSplitBy } from '../experiment/experiment-of-results.ts';
import { versionRoles } from '../judge/question/question.ts';
import { areSentTogether, runOf, type MeasuredRun } from '../judge/runs/measured-run.ts';
import { countedScopes, readRecord, type Iter8Record } from '../judge/record/stored-record.ts';
import { namedExperiment } from './choose-experiment.ts';
import { openContext, whileConnecting } from './context.ts';
import { measuredRecord } from './read-record-file.ts';
import { resultsOf, type ResultFlags } from './result-files.ts';
import { sayTo } from './stderr-messages.ts';
import type { StoreFlags } from './shared-flags.ts';

/** What was measured in one place: of one version, or of several. */
export interface MeasuredSource {
  /** As it was named. */
  readonly name: string;
  /** Where it was read: the same for the same run. Absent: standard input, which is read once. */
  readonly place?: string | undefined;
  readonly kind: 'experiment' | 'results';
  /** Baseline first. */
  readonly versions: readonly string[];
  readonly runOf: (version: string) => MeasuredRun;
  /** They were not given names of their own: results of one version. */
  readonly isUnnamed: boolean;
  /** Whether requests of two versions were sent side by side, in random order. */
  readonly areSentTogether: (versions: readonly string[]) => boolean;
}

export interface SourceFlags extends StoreFlags, ResultFlags {}

/** @throws UsageError, NotFoundError when there is no such thing, or nothing was measured */
export async function measuredSource(
  named: string,
  { flags, io, missing }: { readonly flags: SourceFlags; readonly io: Io; readonly missing: number | undefined },
): Promise<MeasuredSource> {
  if (named === '-') return fromStdin(flags, io, missing);
  const file = path.resolve(io.cwd, named);
  if (!(await isFile(file))) return fromStore(named, flags, io);
  const place = await realpath(file);
  switch (await kindOfFile(file)) {
    case 'record':
      return { ...(await fromRecord(file, named, io)), place };
    case 'experiment':
      return {
        ...ofObject(await (await import('./manifest-flags.ts')).readObject(named, io, flags.namespace), named),
        place,
      };
    case 'results':
      return { ...(await fromResults(named, { flags, io, missing })), place };
  }
}

async function fromStore(named: string, flags: SourceFlags, io: Io): Promise<MeasuredSource> {
  refusePath(named);
  const context = await openContext(flags, io, sayTo(io));
  const find = () => whileConnecting(context, io, () => namedExperiment(context, named));
  const experiment = await orNoFile(named, find);
  return { ...ofObject(experiment, named), place: keyText(experiment.metadata) };
}

/** What looks like a file is no name of an experiment. @throws UsageError */
export function refusePath(named: string): void {
  if (/[/\\]|\.(ya?ml|json|ndjson|csv|jtl|xml|log|gz)$/i.test(named))
    throw new UsageError(`there is no file ${named}`, {
      hint: 'name a file of results, a record or an object, or an experiment that is stored',
    });
}

/** Of what was named, and is no file, either. */
export async function orNoFile<T>(named: string, find: () => Promise<T>): Promise<T> {
  try {
    return await find();
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
    throw new NotFoundError(`there is no file ${named}, and ${error.message}`, { hint: error.hint, cause: error });
  }
}

async function fromRecord(file: string, named: string, io: Io): Promise<MeasuredSource> {
  const { experiment, record } = await measuredRecord(file, named, io);
  return ofRecord(experiment, record, { name: named, kind: 'experiment' });
}

function ofObject(experiment: Experiment, name: string): MeasuredSource {
  const record = readRecord(experiment);
  if (record === undefined)
    throw new UsageError(`${name} holds no measurements of ours: there is nothing to compare`, {
      hint: 'an experiment that this version has run, or judged (judge -o raw), holds them',
    });
  return ofRecord(experiment, record, { name, kind: 'experiment' });
}

function ofRecord(
  experiment: Experiment,
  record: Iter8Record,
  { name, kind }: Pick<MeasuredSource, 'name' | 'kind'>,
): MeasuredSource {
  const roles = versionRoles(experiment).map((version) => version.name);
  const others = countedScopes(record).map(({ version }) => version);
  return {
    name,
    kind,
    versions: [...new Set([...roles, ...others])],
    runOf: (version) => runOf(experiment, record, version),
    isUnnamed: kind === 'results' && roles.length < 2,
    areSentTogether: (versions) => areSentTogether(experiment, record, versions),
  };
}

/** An object, or results: a record is a file of its own. */
async function fromStdin(flags: SourceFlags, io: Io, missing: number | undefined): Promise<MeasuredSource> {
  const { head, chunks } = await withHead(buffers(io.stdin), HEAD_BYTES);
  const unread = replaceIo(io, { stdin: Object.assign(chunks, { isTTY: false }) });
  switch (kindOfHead(head)) {
    case 'record':
      throw new UsageError('a record is read from its file, not from standard input');
    case 'experiment':
      return ofObject(
        await (await import('./manifest-flags.ts')).readObject('-', unread, flags.namespace),
        'standard input',
      );
    case 'results':
      return fromResults('-', { flags, io: unread, missing });
  }
}

async function fromResults(
  file: string,
  { flags, io, missing }: { readonly flags: ResultFlags; readonly io: Io; readonly missing: number | undefined },
): Promise<MeasuredSource> {
  const split = flags.splitBy === undefined ? undefined : parseSplitBy(flags.splitBy);
  const only = file === '-' ? 'results' : nameOfResults(file);
  const versions = split?.values ?? [only];
  const dealt =
    split === undefined
      ? {}
      : { split: { field: split.field, versions: new Map(split.values.map((value) => [value, value])) } };
  const { record, warnings } = await resultsOf(file, { flags, io, missing, versions, dealt });
  const experiment = experimentOfObjectives(only, versions, []);
  const name = file === '-' ? 'standard input' : file;
  return ofRecord(experiment, { ...record, warnings }, { name, kind: 'results' });
}
