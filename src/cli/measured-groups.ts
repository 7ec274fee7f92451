/** The requests of one run, dealt to groups by the time at which they started: for `aa`, which divides them. */
import path from 'node:path';
import { UsageError } from '../errors.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { Io } from '../io.ts';
import { isFile, kindOfFile } from '../adapters/results/kind-of-file.ts';
import type { MeasuredRequest } from '../adapters/results/measured-request.ts';
import { withTemporaryFolder } from '../adapters/reports/temporary-folder.ts';
import { addTally, EMPTY_TALLY, type Tally } from '../evidence/request-tally.ts';
import { experimentOfObjectives, nameOfResults } from '../experiment/experiment-of-results.ts';
import { versionRoles } from '../judge/question/question.ts';
import { runOf, type MeasuredRun } from '../judge/runs/measured-run.ts';
import { groupOfPiece, GROUPS } from '../judge/runs/self-comparison.ts';
import { readTally } from '../judge/record/stored-record.ts';
import type { RecordLine } from '../judge/record/record-lines.ts';
import { redactUrls } from '../text/redact.ts';
import type { QuickFlags } from './commands/init.ts';
import { measuredRecord } from './record-file.ts';
import { resultsOf, type ResultFlags } from './result-files.ts';
import type { OutputFlags } from './shared-flags.ts';

export interface Grouped {
  readonly name: string;
  readonly version?: string | undefined;
  /** What is known of the run, without its requests. */
  readonly run: MeasuredRun;
  readonly groups: readonly Tally[];
}

export interface GroupedHow {
  readonly pieceMs: number;
  /** Absent: the baseline. */
  readonly version: string | undefined;
  readonly flags: ResultFlags & QuickFlags & Pick<OutputFlags, 'color'>;
  readonly io: Io;
}

/** @throws UsageError */
export async function groupsOf(file: string, how: GroupedHow): Promise<Grouped> {
  if (file === '-') return ofResults(file, how);
  const where = path.resolve(how.io.cwd, file);
  if (!(await isFile(where))) throw new UsageError(`there is no file ${file}`);
  switch (await kindOfFile(where)) {
    case 'record':
      return ofRecord(where, file, how);
    case 'results':
      return ofResults(file, how);
    case 'experiment':
      throw new UsageError(`${file} is an experiment, which holds sums: its requests cannot be divided`, {
        hint: 'give its record: records/<namespace>/<name>.ndjson of the local folder',
      });
  }
}

/** Sends the load of `run` to one version, and takes what it recorded. The exit code where it was not measured to its end. */
export async function groupsOfLoad(how: GroupedHow): Promise<Grouped | ExitCode> {
  const { flags, io } = how;
  if (flags.url!.length > 1) throw new UsageError('aa compares one version with itself: give one --url');
  return withTemporaryFolder(async (folder) => {
    const { runCommand } = await import('./commands/run.ts');
    let code: ExitCode = EXIT.ok;
    const quiet = Object.create(io, {
      stdout: { value: { write: () => undefined, isTTY: false, columns: undefined, rows: undefined } },
    }) as Io;
    const command = runCommand(quiet, (ended) => (code = ended)).exitOverride();
    await command.parseAsync(loadArguments(flags, folder), { from: 'user' });
    if (code !== EXIT.ok && code !== EXIT.no && code !== EXIT.undecided) return code;
    const record = path.join(folder, 'records/default', `${NAME}.ndjson`);
    const found = await ofRecord(record, redactUrls(flags.url![0]!), how);
    return { ...found, version: undefined };
  });
}

const NAME = 'aa';

/** Exactly the load that is planned: its answer is not asked for. */
function loadArguments(flags: GroupedHow['flags'], folder: string): string[] {
  const given = (flag: string, value: string | number | undefined) =>
    value === undefined ? [] : [`--${flag}=${value}`];
  const duration = flags.duration ?? (flags.requests === undefined ? DEFAULT_MS : undefined);
  return [
    '--no-extend',
    '--ci=none',
    '--slo=error-rate<=99%',
    `--name=${NAME}`,
    `--dir=${folder}`,
    ...flags.url!.map((url) => `--url=${url}`),
    ...(flags.header ?? []).map((header) => `--header=${header}`),
    ...given('qps', flags.qps),
    ...given('requests', flags.requests),
    ...given('duration', duration === undefined ? undefined : `${duration}ms`),
    ...given('method', flags.method),
    ...given('payload', flags.payload),
    ...given('content-type', flags.contentType),
    ...given('color', flags.color),
  ];
}

const DEFAULT_MS = 60_000;
/** Of the slices of a record. */
const SLICE_MS = 100;

async function ofRecord(file: string, shown: string, { pieceMs, version: wanted }: GroupedHow): Promise<Grouped> {
  const { lines, experiment, record } = await measuredRecord(file, shown);
  const versions = versionRoles(experiment).map(({ name }) => name);
  const version = wanted ?? versions[0] ?? '';
  if (!versions.includes(version))
    throw new UsageError(`${shown} has no version ${JSON.stringify(version)}`, {
      hint: `there are: ${versions.join(', ')}`,
    });
  return {
    name: shown,
    version,
    run: divided(runOf(experiment, { ...record, scopes: [], tasks: {} }, version), record.loadSeconds),
    groups: groupedSlices(lines, version, Math.max(1, Math.round(pieceMs / SLICE_MS))),
  };
}

function groupedSlices(lines: readonly RecordLine[], version: string, slicesOfPiece: number): Tally[] {
  const groups = Array.from({ length: GROUPS }, () => EMPTY_TALLY);
  let unjudged = new Set<string>();
  // Slices of each task, and of each driver of it, begin at 0.
  let run = 0;
  for (const line of lines) {
    if (line.kind === 'load-started') {
      run += 1;
      if (!line.isJudged) unjudged.add(line.task);
    } else if (line.kind === 'build-changed' && line.anew) {
      groups.fill(EMPTY_TALLY);
      unjudged = new Set();
    } else if (
      line.kind === 'slice' &&
      line.version === version &&
      line.endpoint === undefined &&
      !unjudged.has(line.task)
    ) {
      const group = groupOfPiece(run * 1e6 + Math.floor(line.slice / slicesOfPiece));
      groups[group] = addTally(groups[group]!, readTally(line.tally));
    }
  }
  return groups;
}

async function ofResults(file: string, { pieceMs, flags, io }: GroupedHow): Promise<Grouped> {
  if (flags.splitBy !== undefined)
    throw new UsageError('aa divides the requests of one version: --split-by does not go with it');
  const missing = flags.missing === undefined ? undefined : 0;
  const versions = Array.from({ length: GROUPS }, (_, group) => String(group));
  const versionOf = ({ startMs }: MeasuredRequest) => versions[groupOfPiece(Math.floor(startMs / pieceMs))];
  const { results, record, warnings } = await resultsOf(file, { flags, io, missing, versions, dealt: { versionOf } });
  const { unread } = results;
  if (unread.n > 0)
    throw new UsageError(`${unread.n} lines cannot be read: when they started is not known`, {
      details: [...unread.examples],
    });
  const only = file === '-' ? 'results' : nameOfResults(file);
  const run = runOf(experimentOfObjectives(only, [only], []), { ...record, scopes: [], warnings }, only);
  return {
    name: file === '-' ? 'standard input' : file,
    run: divided(run, record.loadSeconds),
    groups: versions.map((group) => results.tallies.get(group) ?? EMPTY_TALLY),
  };
}

/** What is not known is the same of both halves, and every row is about all requests. */
function divided(run: MeasuredRun, seconds: number): MeasuredRun {
  const asked = run.asked.filter(({ quantity, endpoint }) => quantity.kind === 'percentile' && endpoint === undefined);
  return { ...run, seconds, missing: undefined, measured: {}, asked };
}
