/** Commands that messages ask people to type: every one that a test prints has to work when it is pasted. */
import { commandNamed } from '../../src/cli/program.ts';
import { commandFirst } from '../../src/cli/flags-before-command.ts';
import { COMMAND } from '../../src/text/wrap.ts';
import { testIo } from './test-io.ts';

/** `iter8ctl ...` in a text, each as it stands. */
export function commandsIn(text: string): string[] {
  return [...text.matchAll(new RegExp(COMMAND.source, 'gm'))]
    .map(([command]) => command.split(' | ')[0]!.trim())
    .filter((command) => command.startsWith('iter8ctl '));
}

/** As a POSIX shell makes words: quotes, nothing else. */
export function wordsOf(line: string): string[] {
  const words = line.match(/(?:'[^']*'|\\.|[^\s'\\])+/g) ?? [];
  return words.map((word) => word.replaceAll(/'([^']*)'|\\(.)/g, '$1$2'));
}

/** The flags, as commander reads them. @throws Error with the reason why the command cannot be typed */
export async function parsed(words: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
  const [name = '', ...rest] = commandFirst(words);
  const command = await commandNamed(name, testIo({ cwd: '/' }));
  if (command === undefined) throw new Error(`no command ${JSON.stringify(name)}`);
  command.exitOverride().configureOutput({ outputError: () => undefined });
  const { operands, unknown } = command.parseOptions(rest);
  if (unknown.length > 0) throw new Error(`unknown: ${unknown.join(' ')}`);
  const { registeredArguments: taken } = command;
  if (operands.length > taken.length && taken.at(-1)?.variadic !== true)
    throw new Error(`too many arguments: ${operands.join(' ')}`);
  if (operands.length < taken.filter(({ required }) => required).length) throw new Error('an argument is missing');
  return command.opts();
}

/** Where an experiment lives. */
const PLACE = ['dir', 'namespace', 'kubeconfig', 'context', 'cluster', 'user', 'server', 'as'];
const OF_EXPERIMENTS = new Set(['run', 'watch', 'describe', 'get', 'assert', 'debug', 'delete']);

/** Commands that a command printed parse, and name the same place as it did. */
export async function checkHints(argv: readonly string[], text: string): Promise<void> {
  if (argv.some((word) => word === '--help' || word === '-h') || argv[0] === 'help') return;
  const given = await parsed(argv).catch(() => undefined);
  for (const command of commandsIn(text)) {
    const words = wordsOf(command).slice(1);
    const flags = await parsed(words).catch((error: unknown) => {
      throw new Error(`${JSON.stringify(command)}, printed by ${argv.join(' ')}, cannot be typed: ${String(error)}`);
    });
    if (given === undefined || !OF_EXPERIMENTS.has(words[0]!)) continue;
    const isLocal = (of: Readonly<Record<string, unknown>>) => of['local'] === true || of['dir'] !== undefined;
    const lost = PLACE.filter((flag) => given[flag] !== undefined && given[flag] !== flags[flag]);
    if (lost.length > 0 || isLocal(given) !== isLocal(flags))
      throw new Error(
        `${JSON.stringify(command)}, printed by ${argv.join(' ')}, is about another place (${lost.join(', ')})`,
      );
  }
}
