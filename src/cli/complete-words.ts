/** `iter8ctl __complete WORDS...`: what the last word may become, for shells. Never an error, never longer than a moment. */
import type { Command, Option } from 'commander';
import type { Io } from '../io.ts';
import { timeLimit } from '../io.ts';
import { sanitizeLine } from '../text/sanitize.ts';
import { openContext } from './context.ts';
import { commandFirst } from './flags-before-command.ts';
import type { StoreFlags } from './shared-flags.ts';

/** Whoever presses Tab waits. */
const LONGEST_MS = 1_500;
const MOST_NAMES = 500;

/** `command`: the definition of a command by name, undefined when there is none. */
export async function completeWords(
  words: readonly string[],
  io: Io,
  commands: { readonly names: readonly string[]; readonly command: (name: string) => Promise<Command | undefined> },
): Promise<string[]> {
  const last = words.at(-1) ?? '';
  const [name] = commandFirst(words.slice(0, -1));
  const chosen = name === undefined || name.startsWith('-') ? undefined : await commands.command(name);
  if (chosen === undefined) {
    if (last.startsWith('-'))
      return matching(['--help', '--version', '--namespace', '--context', '--kubeconfig', '--local'], last);
    return matching(commands.names, last);
  }
  const valued = optionBefore(chosen, words);
  if (valued !== undefined) return matching(await valuesOf(valued, io, words), last);
  if (last.startsWith('-'))
    return matching(
      chosen.options.flatMap(({ short, long }) => [long, short]).filter((flag) => flag !== undefined),
      last,
    );
  const [argument] = chosen.registeredArguments;
  if (argument === undefined) return [];
  if (argument.argChoices !== undefined) return matching(argument.argChoices, last);
  return /^names?$/.test(argument.name()) ? matching(await experimentNames(words, io), last) : [];
}

const matching = (all: readonly string[], last: string): string[] => all.filter((one) => one.startsWith(last));

/** The option that the last word is the value of. */
function optionBefore(command: Command, words: readonly string[]): Option | undefined {
  const flag = words.at(-2);
  const option = command.options.find(({ short, long }) => flag !== undefined && (flag === short || flag === long));
  return option !== undefined && (option.required || option.optional) ? option : undefined;
}

/** Undefined choices: the shell completes files. */
async function valuesOf({ argChoices, long }: Option, io: Io, words: readonly string[]): Promise<readonly string[]> {
  if (argChoices !== undefined) return argChoices;
  if (long === '--context') return contextNames(io, words);
  return [];
}

async function contextNames(io: Io, words: readonly string[]): Promise<string[]> {
  try {
    const { contextNamesIn } = await import('../adapters/kube/kubeconfig.ts');
    return await contextNamesIn({ kubeconfig: valueAfter(words, '--kubeconfig') }, io.env, io.cwd);
  } catch {
    return [];
  }
}

function valueAfter(words: readonly string[], ...flags: readonly string[]): string | undefined {
  const at = words.findIndex((word) => flags.includes(word));
  return at < 0
    ? flags.flatMap((flag) =>
        words.filter((word) => word.startsWith(`${flag}=`)).map((word) => word.slice(flag.length + 1)),
      )[0]
    : words[at + 1];
}

async function experimentNames(words: readonly string[], io: Io): Promise<string[]> {
  const quiet = Object.create(io, { stderr: { value: { ...io.stderr, write: () => undefined, isTTY: false } } }) as Io;
  const flags: StoreFlags = {
    ...(words.includes('--local') ? { local: true } : {}),
    ...defined({
      dir: valueAfter(words, '--dir'),
      namespace: valueAfter(words, '-n', '--namespace'),
      kubeconfig: valueAfter(words, '--kubeconfig'),
      context: valueAfter(words, '--context'),
      cluster: valueAfter(words, '--cluster'),
      user: valueAfter(words, '--user'),
    }),
    requestTimeout: LONGEST_MS,
  };
  const limit = timeLimit(io.clock, LONGEST_MS);
  const late = new Promise<string[]>((resolve) =>
    limit.signal.addEventListener('abort', () => resolve([]), { once: true }),
  );
  const names = (async () => {
    const context = await openContext(flags, quiet, () => undefined);
    const found = await context.store.list({ namespace: context.namespace, signal: limit.signal });
    const given = new Set(words.slice(0, -1));
    return found
      .map(({ metadata }) => metadata.name)
      .filter((name) => sanitizeLine(name) === name && !given.has(name))
      .toSorted()
      .slice(0, MOST_NAMES);
  })().catch(() => []);
  return Promise.race([names, late]).finally(() => limit.cancel());
}

function defined<T extends object>(flags: T): { [K in keyof T]: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: NonNullable<T[K]>;
  };
}
