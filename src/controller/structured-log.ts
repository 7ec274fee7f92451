/** Structured logs of the controller: a constant message, and what it is about as fields; one JSON object a line. */
import type { Clock, OutputStream } from '../io.ts';
import { redactUrls } from '../text/redact.ts';
import { escapeJson, sanitizeLine } from '../text/sanitize.ts';

export type Level = 'debug' | 'info' | 'warn' | 'error';
export const LEVELS: readonly Level[] = ['debug', 'info', 'warn', 'error'];

export type Fields = Readonly<Record<string, string | number | boolean | undefined>>;
export type Log = (level: Level, message: string, fields?: Fields) => void;

export function createLog(
  output: OutputStream,
  options: { readonly clock: Pick<Clock, 'now'>; readonly level: Level; readonly format: 'json' | 'text' },
): Log {
  const least = LEVELS.indexOf(options.level);
  return (level, message, fields = {}) => {
    if (LEVELS.indexOf(level) < least) return;
    const time = new Date(options.clock.now()).toISOString();
    const clean = Object.fromEntries(
      Object.entries(fields).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, typeof value === 'string' ? redactUrls(value) : value]],
      ),
    );
    output.write(
      options.format === 'json'
        ? `${escapeJson(JSON.stringify({ time, level, message, ...clean }))}\n`
        : `${time} ${level.padEnd(5)} ${message}${Object.entries(clean)
            .map(([name, value]) => ` ${name}=${sanitizeLine(JSON.stringify(value))}`)
            .join('')}\n`,
    );
  };
}
