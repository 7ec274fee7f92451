/** Files of other tools: the flags that say how they are read, and what was counted in them. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import type { Io } from '../io.ts';
import { FORMATS } from '../adapters/results/all-formats.ts';
import { parseFields } from '../adapters/results/formats/json-lines.ts';
import type { CountSettings } from '../adapters/results/count-requests.ts';
import { readResults, type Results } from '../adapters/results/read-results.ts';
import type { Iter8Record } from '../judge/record/stored-record.ts';
import { ASSUMED_TIMEOUT_MS } from '../judge/runs/measured-run.ts';
import { SIGNATURE } from '../version.ts';
import { recordOfResults } from './record-of-results.ts';
import { durationFlag } from './shared-flags.ts';

export interface ReadingFlags {
  readonly format?: string;
  readonly fields?: string;
  readonly splitBy?: string;
  readonly timeout?: number;
  readonly model?: 'open' | 'closed' | 'observed';
}

/** As `diff` and `aa` take them. */
export interface ResultFlags extends ReadingFlags {
  readonly missing?: readonly number[];
}

/** `missing`: the flag that says how many requests are in no file; `splitBy`: what `--split-by` is for. */
export function withReadingFlags(
  command: Command,
  { splitBy, missing }: { readonly splitBy: string; readonly missing: Option },
): Command {
  const formats = FORMATS.map(({ name }) => name);
  return command
    .addOption(new Option('--format <format>', 'what the files are, where they do not show it').choices(formats))
    .option(
      '--fields <paths>',
      "of lines of JSON: 'status=PATH,duration=PATH:ms,start=PATH', or end=PATH; flags=PATH for Envoy's response flags",
    )
    .option('--split-by <field=values>', splitBy)
    .option('--timeout <duration>', 'how long the tool waited for an answer: a mean needs it', durationFlag)
    .addOption(missing)
    .addOption(
      new Option('--model <model>', 'how requests were sent: at a rate, after one another, or by real users').choices([
        'open',
        'closed',
        'observed',
      ]),
    );
}

export function withResultFlags(command: Command): Command {
  return withReadingFlags(command, {
    splitBy: 'versions in one file: FIELD=BASELINE,CANDIDATE, by the values of a field',
    missing: new Option(
      '--missing <n[,n]>',
      'requests that are not in the files: of each, or of A and of B; each counts as failed',
    ).argParser(missingFlag),
  });
}

function missingFlag(text: string): number[] {
  const numbers = text.split(',').map(Number);
  if (!/^\d+(,\d+)?$/.test(text) || !numbers.every(Number.isSafeInteger))
    throw new InvalidArgumentError('expected a whole number of at least 0, or two with a comma between.');
  return numbers;
}

/** What these flags say of how requests are counted. */
export function readingOf({ timeout, format, fields }: ReadingFlags, missing: number | undefined) {
  return {
    ...(timeout === undefined ? {} : { capMs: timeout }),
    missing,
    format,
    ...(fields === undefined ? {} : { fields: parseFields(fields) }),
  };
}

/** All requests of a file, about which no limit asks. `dealt`: how they are dealt to the versions. @throws UsageError */
export async function resultsOf(
  file: string,
  {
    flags,
    io,
    missing,
    versions,
    dealt,
  }: {
    readonly flags: ReadingFlags;
    readonly io: Io;
    readonly missing: number | undefined;
    readonly versions: readonly string[];
    readonly dealt: Pick<CountSettings, 'split' | 'versionOf'>;
  },
): Promise<{ readonly results: Results; readonly record: Iter8Record; readonly warnings: readonly string[] }> {
  const { timeout: timeoutMs, model } = flags;
  const results = await readResults(
    [file],
    { cwd: io.cwd, stdin: () => io.stdin },
    {
      versions,
      ...dealt,
      limits: [],
      unansweredMs: timeoutMs ?? ASSUMED_TIMEOUT_MS,
      inFlightMs: Math.max(ASSUMED_TIMEOUT_MS, timeoutMs ?? 0),
      ...readingOf(flags, missing),
    },
  );
  const split = dealt.split?.field;
  const how = { by: SIGNATURE, model, missing, timeoutMs, strength: {}, versions, split };
  const { record, warnings } = recordOfResults(results, how);
  return { results, record, warnings };
}
