/** docs/commands.md: every command with its flags, made of what `--help` is made of. */
import type { Command, Option } from 'commander';
import { COMMAND_NAMES, commandNamed, EXIT_CODES } from '../../../src/cli/program.ts';
import { EXAMPLES } from '../../../src/cli/examples.ts';
import type { Io } from '../../../src/io.ts';
import { code, table } from './markdown-table.ts';

/** Making a command touches nothing; its action would. */
const NO_IO = {} as Io;

export async function commandsDocument(): Promise<string> {
  const commands = await Promise.all(COMMAND_NAMES.map(async (name) => (await commandNamed(name, NO_IO))!));
  const summary = table(
    ['command', 'does'],
    commands.map((command) => [`[${code(command.name())}](#${command.name()})`, command.description()]),
  );
  const exits = table(
    ['exit code', 'meaning'],
    Object.entries(EXIT_CODES).map(([exit, meaning]) => [exit, meaning]),
  );
  return `# Commands

Made by \`npm run docs\` from what \`iter8ctl COMMAND --help\` prints. Flags may stand before the command too, as with kubectl.

${summary}

${exits}

${commands.map(commandPart).join('\n\n')}
`;
}

function commandPart(command: Command): string {
  const { options } = command;
  const name = command.name();
  const usage = code(`iter8ctl ${name} ${command.usage()}`);
  const args = command.registeredArguments
    .filter(({ description }) => description !== '')
    .map((one) => [code(one.name()), '', one.description]);
  const rows = options
    .filter(({ hidden }) => !hidden)
    .map((option) => [code(option.flags), defaultOf(option), descriptionOf(option)]);
  const flags = table(['argument or flag', 'default', 'meaning'], [...args, ...rows]);
  const examples = ['```bash', ...(EXAMPLES[name] ?? []), '```'].join('\n');
  const parts = [`## ${name}`, `${command.description()}.`.replace(/([.?])\.$/, '$1'), usage, flags, examples];
  return parts.join('\n\n');
}

function defaultOf({ defaultValue, defaultValueDescription, negate }: Option): string {
  const none = defaultValue === undefined || negate || (Array.isArray(defaultValue) && defaultValue.length === 0);
  return none ? '' : code(defaultValueDescription ?? String(defaultValue));
}

function descriptionOf({ argChoices, description }: Option): string {
  return argChoices === undefined ? description : `${description} (${argChoices.join(', ')})`;
}
