/** What a command is to the program. */
import type { Command } from 'commander';
import type { ExitCode } from '../exit-codes.ts';
import type { Io } from '../io.ts';

/** A command: adds itself to the program; `done` takes the exit code of its action. */
export type CommandDefinition = (io: Io, done: (code: ExitCode) => void) => Command;
