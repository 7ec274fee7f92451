/** `run(argv, io)`: parses the command line, calls one command, turns what it throws into a sentence and an exit code. */
import { Command, CommanderError } from 'commander';
import { EXIT, Iter8Error, type ExitCode } from '../errors.ts';
import type { Io } from '../io.ts';
import { renderError } from '../render/error.ts';
import { themeFor } from '../render/theme.ts';
import { VERSION } from '../version.ts';
import { assertCommand } from './commands/assert.ts';
import { describeCommand } from './commands/describe.ts';
import { getCommand } from './commands/get.ts';
import { initCommand } from './commands/init.ts';
import { planCommand } from './commands/plan.ts';
import { runCommand } from './commands/run.ts';
import { watchCommand } from './commands/watch.ts';
import { colorMode } from './options.ts';

/** A command: adds itself to the program; `done` takes the exit code of its action. */
export type CommandDefinition = (io: Io, done: (code: ExitCode) => void) => Command;

const COMMANDS: readonly CommandDefinition[] = [
  runCommand,
  watchCommand,
  describeCommand,
  assertCommand,
  getCommand,
  planCommand,
  initCommand,
];

const EPILOG = `
Exit codes: 0 promote or done, 1 do not promote or a condition does not hold, 2 usage or an invalid manifest, 3 undecided,
4 the experiment failed, 5 timed out, 6 not found, 7 a dependency cannot be reached, 70 a bug, 130 interrupted, 143 terminated.
`;

export async function run(argv: readonly string[], io: Io): Promise<ExitCode> {
  let code: ExitCode = EXIT.ok;
  const program = new Command('iter8ctl')
    .description('May this version be promoted? Drives, watches and describes Iter8 experiments.')
    .version(VERSION, '-V, --version')
    .showHelpAfterError('(--help shows all options)')
    .addHelpText('after', EPILOG);
  for (const define of COMMANDS) program.addCommand(define(io, (next) => (code = next)));
  // addCommand hands nothing down: without this a usage error in a command would end the process by itself.
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
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
    await program.parseAsync([...argv], { from: 'user' });
    return code;
  } catch (error) {
    return failed(error, argv, io);
  }
}

function failed(error: unknown, argv: readonly string[], io: Io): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  const theme = themeFor(io.stderr, { mode: colorMode(argv), env: io.env });
  io.stderr.write(`${renderError(error, theme, io.stderr.columns)}\n`);
  return error instanceof Iter8Error ? error.exitCode : EXIT.bug;
}
