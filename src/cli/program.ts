/** `run(argv, io)`: parses the command line, calls one command, turns what it throws into a sentence and an exit code. */
import { Command, CommanderError, Help } from 'commander';
import { Iter8Error, UsageError } from '../errors.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { replaceIo, type Io, type OutputStream } from '../io.ts';
import { redactUrls } from '../text/redact.ts';
import { sanitizeLine } from '../text/sanitize.ts';
import { wrap } from '../text/wrap.ts';
import { VERSION } from '../version.ts';
import { didYouMean } from '../text/did-you-mean.ts';
import type { CommandDefinition } from './command-definition.ts';
import { EXAMPLES } from './examples.ts';
import { commandFirst } from './flags-before-command.ts';
import { colorMode } from './shared-flags.ts';

/** Loaded one by one: looking at an experiment must not wait for what driving one needs. */
const COMMANDS: Readonly<Record<string, () => Promise<CommandDefinition>>> = {
  run: async () => (await import('./commands/run.ts')).runCommand,
  watch: async () => (await import('./commands/watch.ts')).watchCommand,
  describe: async () => (await import('./commands/describe.ts')).describeCommand,
  explain: async () => (await import('./commands/explain.ts')).explainCommand,
  assert: async () => (await import('./commands/assert.ts')).assertCommand,
  get: async () => (await import('./commands/get.ts')).getCommand,
  plan: async () => (await import('./commands/plan.ts')).planCommand,
  init: async () => (await import('./commands/init.ts')).initCommand,
  replay: async () => (await import('./commands/replay.ts')).replayCommand,
  judge: async () => (await import('./commands/judge.ts')).judgeCommand,
  diff: async () => (await import('./commands/diff.ts')).diffCommand,
  aa: async () => (await import('./commands/aa.ts')).aaCommand,
  debug: async () => (await import('./commands/debug.ts')).debugCommand,
  install: async () => (await import('./commands/install.ts')).installCommand,
  uninstall: async () => (await import('./commands/install.ts')).uninstallCommand,
  controller: async () => (await import('./commands/controller.ts')).controllerCommand,
  approve: async () => (await import('./commands/approve-pause-abort.ts')).controlCommand('approve'),
  reject: async () => (await import('./commands/approve-pause-abort.ts')).controlCommand('reject'),
  pause: async () => (await import('./commands/approve-pause-abort.ts')).controlCommand('pause'),
  resume: async () => (await import('./commands/approve-pause-abort.ts')).controlCommand('resume'),
  abort: async () => (await import('./commands/approve-pause-abort.ts')).controlCommand('abort'),
  delete: async () => (await import('./commands/delete.ts')).deleteCommand,
  completion: async () => (await import('./commands/completion.ts')).completionCommand,
};

/** The command of that name, undefined when there is none. */
export async function commandNamed(name: string, io: Io): Promise<Command | undefined> {
  return Object.hasOwn(COMMANDS, name) ? (await COMMANDS[name]!())(io, () => undefined) : undefined;
}

export const COMMAND_NAMES: readonly string[] = Object.keys(COMMANDS);

/** The command that is asked for, or all of them where they are listed. */
async function definitionsFor(argv: readonly string[]): Promise<CommandDefinition[]> {
  const asked = argv[0];
  if (asked !== undefined && Object.hasOwn(COMMANDS, asked)) return [await COMMANDS[asked]!()];
  if (asked === '-V' || asked === '--version') return [];
  return Promise.all(Object.values(COMMANDS).map((load) => load()));
}

/** For the help of the program, and docs/commands.md. */
export const EXIT_CODES: Readonly<Record<number, string>> = {
  0: 'promote or done',
  1: 'do not promote, or a condition does not hold',
  2: 'usage or an invalid manifest',
  3: 'undecided',
  4: 'the experiment failed',
  5: 'timed out',
  6: 'not found',
  7: 'a dependency cannot be reached, or the output not written',
  70: 'a bug',
  130: 'interrupted',
  143: 'terminated',
};

function epilog(columns: number): string {
  const lines = Object.entries(EXIT_CODES).flatMap(([code, meaning]) =>
    wrap(meaning, { columns, first: `  ${code.padStart(3)}  `, rest: '       ' }),
  );
  return `\nExit codes:\n${lines.join('\n')}\n`;
}

/** Where descriptions would be narrower than this beside their terms, they stand below them. */
const LEAST_BESIDE = 30;

/** An entry of a help text, no wider than the terminal. */
function helpEntry(term: string, termWidth: number, description: string, helper: Help): string {
  const { helpWidth: columns = 80 } = helper;
  if (columns - termWidth - 4 >= LEAST_BESIDE || description === '')
    return Help.prototype.formatItem.call(helper, term, termWidth, description, helper);
  return [`  ${term}`, ...wrap(description, { columns, first: '      ', rest: '      ' })].join('\n');
}

/** A manifest that is made for others to read, and a password of its URL is part of it. */
const WRITES_MANIFESTS = 'init';

/** Nothing is printed with a password or a key in a URL, wherever the URL came from. */
function withoutCredentials(io: Io, command: string | undefined): Io {
  const clean = (stream: OutputStream): OutputStream => ({
    write: (text) => stream.write(redactUrls(text)),
    get isTTY() {
      return stream.isTTY;
    },
    get columns() {
      return stream.columns;
    },
    get rows() {
      return stream.rows;
    },
    lost: stream.lost,
  });
  const stdout = command === WRITES_MANIFESTS ? io.stdout : clean(io.stdout);
  return replaceIo(io, { stdout, stderr: clean(io.stderr) });
}

export async function run(typed: readonly string[], given: Io): Promise<ExitCode> {
  const argv = commandFirst(typed);
  const io = withoutCredentials(given, argv[0]);
  if (argv[0] === '__complete') {
    const { completeWords } = await import('./complete-words.ts');
    const commands = { names: COMMAND_NAMES, command: (name: string) => commandNamed(name, io) };
    const found = await completeWords(typed.slice(1), io, commands).catch(() => []);
    io.stdout.write(found.map((word) => `${word}\n`).join(''));
    return EXIT.ok;
  }
  let code: ExitCode = EXIT.ok;
  const program = new Command('iter8ctl')
    .description('May this version be promoted? Drives, watches and describes Iter8 experiments.')
    .version(VERSION, '-V, --version')
    .showHelpAfterError('(--help shows all options)')
    .addHelpText('after', () => epilog(io.stdout.columns ?? 100));
  for (const define of await definitionsFor(argv)) {
    const command = define(io, (next) => (code = next));
    const examples = EXAMPLES[command.name()] ?? [];
    program.addCommand(command.addHelpText('after', `\nExamples:\n${examples.map((line) => `  ${line}`).join('\n')}`));
  }
  // addCommand hands nothing down: without this a usage error in a command would end the process by itself.
  for (const command of [program, ...program.commands]) {
    command.configureHelp({ formatItem: helpEntry, minWidthToWrap: 20 });
    command.exitOverride().configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      outputError: (text, write) => write(usageError(text)),
      getOutHelpWidth: () => io.stdout.columns ?? 100,
      getErrHelpWidth: () => io.stderr.columns ?? 100,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
  }
  try {
    if (argv.length === 0) {
      program.outputHelp({ error: true });
      return EXIT.usage;
    }
    const unknown = argv[0] === 'help' ? argv[1] : undefined;
    if (unknown !== undefined && !unknown.startsWith('-') && !Object.hasOwn(COMMANDS, unknown))
      throw new UsageError(
        `there is no command ${sanitizeLine(unknown)}${didYouMean(unknown, Object.keys(COMMANDS))}`,
        {
          hint: 'iter8ctl --help lists them',
        },
      );
    await program.parseAsync([...argv], { from: 'user' });
    return code;
  } catch (error) {
    return await reportFailure(error, argv, io);
  }
}

/** What commander adds to a sentence that repeats an argument: made of names of ours. */
const SUGGESTION = /\n\(Did you mean [^()\n]*\?\)$/;

/** Arguments may come from a branch or a pull request: in the sentence that repeats one, it is one line of visible text. */
function usageError(text: string): string {
  const sentence = text.trimEnd();
  const suggestion = SUGGESTION.exec(sentence)?.[0] ?? '';
  return `${sanitizeLine(sentence.slice(0, sentence.length - suggestion.length))}${suggestion}\n`;
}

/** Says what went wrong; the exit code of it. */
export async function reportFailure(error: unknown, argv: readonly string[], io: Io): Promise<ExitCode> {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  const [{ renderError }, { themeFor }] = await Promise.all([
    import('../render/error.ts'),
    import('../render/theme.ts'),
  ]);
  const theme = themeFor(io.stderr, { mode: colorMode(argv), env: io.env });
  io.stderr.write(`${renderError(error, theme, io.stderr.columns)}\n`);
  return error instanceof Iter8Error ? error.exitCode : EXIT.bug;
}
