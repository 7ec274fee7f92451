/** `iter8ctl __complete WORDS...`: what the last word may become, for shells. Never an error, never longer than a moment. */
import type { Command, Option } from 'commander';
import { replaceIo, timeLimit, type Io } from '../io.ts';
import { outlineOf } from '../experiment/list-outline.ts';
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
  const { flags, names } = readSoFar(chosen, commandFirst(words.slice(0, -1)).slice(1));
  if (valued !== undefined) return matching(await valuesOf(valued, io, flags), last);
  if (last.startsWith('-'))
    return matching(
      chosen.options.flatMap(({ short, long }) => [long, short]).filter((flag) => flag !== undefined),
      last,
    );
  const [argument] = chosen.registeredArguments;
  if (argument === undefined) return [];
  if (argument.argChoices !== undefined) return matching(argument.argChoices, last);
  return /^names?$/.test(argument.name()) ? matching(await experimentNames(flags, new Set(names), io), last) : [];
}

/** Flags and arguments before the last word, as the command itself reads them; those before a mistake. */
function readSoFar(
  command: Command,
  words: readonly string[],
): { readonly flags: StoreFlags; readonly names: readonly string[] } {
  command.exitOverride().configureOutput({ outputError: () => undefined });
  try {
    const { operands } = command.parseOptions([...words]);
    return { flags: command.opts(), names: operands };
  } catch {
    return { flags: command.opts(), names: [] };
  }
}

const matching = (all: readonly string[], last: string): string[] => all.filter((one) => one.startsWith(last));

/** The option that the last word is the value of. */
function optionBefore(command: Command, words: readonly string[]): Option | undefined {
  const flag = words.at(-2);
  const option = command.options.find(({ short, long }) => flag !== undefined && (flag === short || flag === long));
  return option !== undefined && (option.required || option.optional) ? option : undefined;
}

/** None: the shell completes files. */
async function valuesOf({ argChoices, long }: Option, io: Io, flags: StoreFlags): Promise<readonly string[]> {
  if (argChoices !== undefined) return argChoices;
  if (long !== '--context') return [];
  const { contextNamesIn } = await import('../adapters/kube/kubeconfig.ts');
  return contextNamesIn({ kubeconfig: flags.kubeconfig }, io.env, io.cwd);
}

/** Those that are there, without those that are `given` already. */
async function experimentNames(flags: StoreFlags, given: ReadonlySet<string>, io: Io): Promise<string[]> {
  const quiet = replaceIo(io, { stderr: { ...io.stderr, write: () => undefined, isTTY: false } });
  const limit = timeLimit(io.clock, LONGEST_MS);
  const late = new Promise<string[]>((resolve) =>
    limit.signal.addEventListener('abort', () => resolve([]), { once: true }),
  );
  const names = (async () => {
    const context = await openContext({ ...flags, requestTimeout: LONGEST_MS }, quiet, () => undefined);
    const found = await context.store.list({ namespace: context.namespace, signal: limit.signal, trim: outlineOf });
    return found
      .map(({ metadata }) => metadata.name)
      .filter((name) => sanitizeLine(name) === name && !given.has(name))
      .toSorted()
      .slice(0, MOST_NAMES);
  })();
  return Promise.race([names, late]).finally(() => limit.cancel());
}
