/** The requests of one run, dealt to groups by the time at which they started: for `aa`, which divides them. */
import path from 'node:path';
import { InvalidManifestError, UsageError } from '../errors.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { Io } from '../io.ts';
import { isFile, kindOfFile } from '../adapters/results/kind-of-file.ts';
import type { MeasuredRequest } from '../adapters/results/measured-request.ts';
import { withTemporaryFolder } from '../adapters/reports/temporary-folder.ts';
import { addTally, EMPTY_TALLY, type Tally } from '../evidence/request-tally.ts';
import { baselineAlone, DEFAULT_LOAD_MS } from '../experiment/baseline-alone.ts';
import { withDefaults } from '../experiment/defaults.ts';
import type { WrittenExperiment } from '../experiment/experiment.ts';
import { experimentOfObjectives, nameOfResults } from '../experiment/experiment-of-results.ts';
import { defaultTimeoutMs } from '../experiment/request-timeout.ts';
import { versionRoles } from '../judge/question/question.ts';
import { askedBy, runOf, type AskedQuantity, type MeasuredRun } from '../judge/runs/measured-run.ts';
import { groupOfPiece, GROUPS } from '../judge/runs/self-comparison.ts';
import { readTally } from '../judge/record/stored-record.ts';
import type { RecordLine } from '../judge/record/record-lines.ts';
import { redactUrls } from '../text/redact.ts';
import { sanitizeLine } from '../text/sanitize.ts';
import { formatCounted } from '../text/units.ts';
import { checkExperiment } from '../validation/validate.ts';
import { namedExperiment } from './choose-experiment.ts';
import { openContext, whileConnecting } from './context.ts';
import { orNoFile, refusePath } from './measured-runs.ts';
import { foldedRecord, measuredRecord, type MeasuredRecord } from './read-record-file.ts';
import { experimentFromFlags, type QuickFlags } from './quick-flags.ts';
import { resultsOf, type ResultFlags } from './result-files.ts';
import { sayTo } from './stderr-messages.ts';
import type { OutputFlags, StoreFlags } from './shared-flags.ts';
import { SLICE_MS } from '../evidence/slice-counts.ts';

export interface Grouped {
  readonly name: string;
  readonly version?: string | undefined;
  /** What is known of the run, without its requests. */
  readonly run: MeasuredRun;
  readonly groups: readonly Tally[];
  /** What the command ends with when a signal ended the load. */
  readonly code?: ExitCode | undefined;
}

export interface GroupedHow {
  readonly pieceMs: number;
  /** Absent: the baseline. */
  readonly version: string | undefined;
  readonly flags: ResultFlags &
    QuickFlags &
    StoreFlags &
    Pick<OutputFlags, 'color'> & { readonly ignoreOthers?: boolean };
  readonly io: Io;
}

/** Of the experiment whose load is sent. */
const NAME = 'aa';
const LATE = 'the load generator could not keep up: a part of the noise may be its own';

/** @throws UsageError */
export async function groupsOf(file: string, how: GroupedHow): Promise<Grouped> {
  if (file === '-') return ofResults(file, how);
  const where = path.resolve(how.io.cwd, file);
  if (!(await isFile(where))) return ofStored(file, how);
  switch (await kindOfFile(where)) {
    case 'record':
      return ofRecord(await measuredRecord(where, file, how.io), file, how);
    case 'results':
      return ofResults(file, how);
    case 'experiment':
      throw new UsageError(`${file} is an experiment, which holds sums: its requests cannot be divided`, {
        hint: `give its record, records/<namespace>/<name>.ndjson of the local folder; -f ${file} sends its load`,
      });
  }
}

/** The record that a run of a stored experiment left on this machine. */
async function ofStored(named: string, how: GroupedHow): Promise<Grouped> {
  refusePath(named);
  const context = await openContext(how.flags, how.io, sayTo(how.io));
  const { metadata } = await orNoFile(named, () =>
    whileConnecting(context, how.io, () => namedExperiment(context, named)),
  );
  const lines: unknown[] = [];
  for await (const line of context.records.read({ namespace: metadata.namespace, name: metadata.name }))
    lines.push(line);
  if (lines.length === 0)
    throw new UsageError(`${named} has no record on this machine: its requests cannot be divided`, {
      hint: 'run it from here, or give its manifest with -f: its load is sent to its baseline',
    });
  const measured = foldedRecord(lines, `the record of ${named}`);
  refuseRecordOfOther(metadata, measured.experiment.metadata, named);
  return ofRecord(measured, named, how);
}

type Metadata = MeasuredRecord['experiment']['metadata'];

/** A record outlives its object where others delete that, or another cluster answers at the same address. @throws UsageError */
function refuseRecordOfOther(present: Metadata, recorded: Metadata, named: string): void {
  if (recorded.uid === present.uid) return;
  const uidText = ({ uid }: Metadata) => (uid === undefined ? 'no uid' : `uid ${sanitizeLine(uid)}`);
  throw new UsageError(
    `the record of ${named} on this machine is of another experiment of that name: expected ${uidText(present)}, found ${uidText(recorded)}`,
    {
      hint: 'the one that is there now was not run from here; give its manifest with -f: its load is sent to its baseline',
    },
  );
}

/** Sends the load of a manifest to its baseline alone. The exit code where nothing was measured. */
export async function groupsOfManifest(file: string, how: GroupedHow): Promise<Grouped | ExitCode> {
  const { flags, io } = how;
  const { readManifests } = await import('./manifest-flags.ts');
  const loaded = await readManifests([file], io, { ignoreOthers: flags.ignoreOthers });
  const issues = checkExperiment(loaded.experiment).map(loaded.locate);
  if (issues.length > 0) throw new InvalidManifestError(`${loaded.label}: no valid experiment`, issues);
  const name = loaded.experiment.metadata.name ?? loaded.experiment.metadata.generateName ?? '';
  const whole = withDefaults(loaded.experiment, { namespace: flags.namespace ?? 'default', name });
  const { experiment, baseline, notes } = baselineAlone(whole, {
    name: NAME,
    timeoutMs: defaultTimeoutMs(whole),
    change: { qps: flags.qps, requests: flags.requests, durationMs: flags.duration },
  });
  const found = await sent(named(experiment), `the load of ${loaded.label}`, how);
  if (typeof found === 'number') return found;
  const asked = askedBy(whole);
  const left = asked.filter(({ quantity, endpoint }) => quantity.kind === 'custom' || endpoint !== undefined);
  const names = [...new Set(left.map(({ metric }) => metric))];
  const warnings = [
    ...notes,
    ...(names.length === 0 ? [] : [`only all requests are divided, not what others measure: ${names.join(', ')}`]),
  ];
  return {
    ...found,
    name: file === '-' ? 'standard input' : redactUrls(file),
    version: baseline,
    run: { ...found.run, asked: asked.filter(isAboutAll), warnings: [...warnings, ...found.run.warnings] },
  };
}

/** Sends the load of `run` to one URL. The exit code where nothing was measured. */
export async function groupsOfLoad(how: GroupedHow): Promise<Grouped | ExitCode> {
  const { flags } = how;
  if (flags.url!.length > 1) throw new UsageError('aa compares one version with itself: give one --url');
  const isOpen = flags.duration === undefined && flags.requests === undefined;
  const planned = isOpen ? { ...flags, duration: DEFAULT_LOAD_MS } : flags;
  // Whatever it answers: an objective is asked for, and this one says nothing.
  const written = await experimentFromFlags({ ...planned, slo: ['error-rate<=99%'], name: NAME }, undefined);
  const found = await sent(named(written), 'the experiment made from these flags', how);
  return typeof found === 'number' ? found : { ...found, name: redactUrls(flags.url![0]!), version: undefined };
}

/** What a run recorded that nobody sees, of a version that has the only record. The exit code where nothing was measured. */
async function sent(
  experiment: WrittenExperiment & { readonly metadata: { readonly name: string } },
  label: string,
  { flags, io, ...how }: GroupedHow,
): Promise<Grouped | ExitCode> {
  return withTemporaryFolder(async (folder) => {
    const { recordLoad } = await import('./record-load.ts');
    const { lines, code } = await recordLoad(experiment, { io, flags, folder, label });
    if (code === undefined) return ofRecord(foldedRecord(lines, NAME), NAME, { flags, io, ...how });
    if (code === EXIT.failed) return code;
    const measured = lines.length === 0 ? undefined : ofRecord(foldedRecord(lines, NAME), NAME, { flags, io, ...how });
    const n = measured === undefined ? 0 : measured.groups.reduce((sum, group) => sum + group.response.n, 0);
    if (n === 0) {
      sayTo(io)('interrupted: nothing was measured');
      return code;
    }
    const text = `interrupted: compared with itself is what was measured until then (${formatCounted(n, 'request')})`;
    return { ...measured!, code, run: { ...measured!.run, warnings: [text, ...measured!.run.warnings] } };
  });
}

const named = ({ metadata, ...rest }: WrittenExperiment) => ({ ...rest, metadata: { ...metadata, name: NAME } });

function ofRecord(
  { lines, experiment, record }: MeasuredRecord,
  shown: string,
  { pieceMs, version: wanted }: GroupedHow,
): Grouped {
  const versions = versionRoles(experiment).map(({ name }) => name);
  const version = wanted ?? versions[0] ?? '';
  if (!versions.includes(version))
    throw new UsageError(`${shown} has no version ${JSON.stringify(version)}`, {
      hint: `there are: ${versions.join(', ')}`,
    });
  const warnings = runOf(experiment, record, version).isSaturated ? [...record.warnings, LATE] : record.warnings;
  return {
    name: shown,
    version,
    run: divided(runOf(experiment, { ...record, warnings, scopes: [], tasks: {} }, version), record.loadSeconds),
    groups: groupedSlices(lines, version, Math.max(1, Math.round(pieceMs / SLICE_MS))),
  };
}

function groupedSlices(lines: readonly RecordLine[], version: string, slicesOfPiece: number): Tally[] {
  const groups = Array.from({ length: GROUPS }, () => EMPTY_TALLY);
  /** Judged loads that are under way: of another, and behind the end of one, there is nothing to count. */
  const open = new Set<string>();
  // Slices of each task, and of each driver of it, begin at 0.
  let run = 0;
  for (const line of lines) {
    if (line.kind === 'load-started') {
      run += 1;
      if (line.isJudged) open.add(line.task);
      else open.delete(line.task);
    } else if (line.kind === 'load-ended') {
      open.delete(line.task);
    } else if (line.kind === 'spec' || startsOver(line)) {
      // Whoever drove it before has ended.
      open.clear();
      if (startsOver(line)) groups.fill(EMPTY_TALLY);
    } else if (
      line.kind === 'slice' &&
      line.version === version &&
      line.endpoint === undefined &&
      open.has(line.task)
    ) {
      const group = groupOfPiece(run * 1e6 + Math.floor(line.slice / slicesOfPiece));
      groups[group] = addTally(groups[group]!, readTally(line.tally));
    }
  }
  return groups;
}

/** What was counted before is void, or of another experiment of this name: its first driver finds nothing that was saved. */
const startsOver = (line: RecordLine): boolean =>
  line.kind === 'build-changed' ? line.anew : line.kind === 'spec' && line.record === undefined;

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
  return { ...run, seconds, missing: undefined, measured: {}, asked: run.asked.filter(isAboutAll) };
}

/** A row of its own that is about all requests. */
const isAboutAll = ({ quantity, endpoint }: AskedQuantity): boolean =>
  quantity.kind === 'percentile' && endpoint === undefined;
