/**
 * What the runner of GitHub Actions makes of a step: the commands that it obeys in a log, and the outputs of a file.
 * Source: docs.github.com, "Workflow commands for GitHub Actions".
 */
export interface Obeyed {
  readonly name: string;
  readonly title: string | undefined;
  readonly message: string;
}

const unescape = (text: string) =>
  text
    .replaceAll('%0D', '\r')
    .replaceAll('%0A', '\n')
    .replaceAll('%3A', ':')
    .replaceAll('%2C', ',')
    .replaceAll('%25', '%');

/** Commands in their order. Between `stop-commands` and its token none is obeyed. */
export function obeyed(log: string): Obeyed[] {
  const commands: Obeyed[] = [];
  let token: string | undefined;
  for (const line of log.split('\n')) {
    const [, name, properties, message] = /^\s*::([\w-]+)(?: ([^:]*))?::(.*)$/.exec(line) ?? [];
    if (name === undefined) continue;
    if (token !== undefined) {
      if (name === token) token = undefined;
      continue;
    }
    if (name === 'stop-commands') token = message;
    else {
      const title = /(?:^|,)title=([^,]*)/.exec(properties ?? '')?.[1];
      commands.push({ name, title: title === undefined ? undefined : unescape(title), message: unescape(message!) });
    }
  }
  if (token !== undefined) throw new Error('the step ended, and commands are still stopped');
  return commands;
}

/** What a file of `name<<DELIMITER` blocks sets. */
export function outputsIn(file: string): Record<string, string> {
  const values: Record<string, string> = {};
  const lines = file.split('\n');
  for (let at = 0; at < lines.length; at += 1) {
    const [, name, delimiter] = /^([\w-]+)<<(.+)$/.exec(lines[at]!) ?? [];
    if (name === undefined) continue;
    const end = lines.indexOf(delimiter!, at + 1);
    if (end < 0) throw new Error(`no end of ${name}`);
    values[name] = lines.slice(at + 1, end).join('\n');
    at = end;
  }
  return values;
}
