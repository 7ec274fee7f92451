/** Errors as people see them: what, on what, expected and received, what to do. */
import { formatCount } from '../text/units.ts';
import { Iter8Error, InvalidManifestError, type Issue } from '../errors.ts';
import { sanitizeLine, sanitizeText } from '../text/sanitize.ts';
import { displayWidth } from '../text/width.ts';
import { wrap, wrapAroundCommands } from '../text/wrap.ts';
import type { Theme } from './theme.ts';

/** `columns`: of a terminal; absent: as wide as it takes. */
export function renderError(error: unknown, theme: Theme, columns = Number.POSITIVE_INFINITY): string {
  if (!(error instanceof Iter8Error)) {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return `${theme.bad('error:')} this is a bug in iter8ctl, please report it\n${sanitizeText(stack)}`;
  }
  const below = (text: string) => wrapAroundCommands(sanitizeLine(text), { columns, first: '  ', rest: '    ' });
  const [first, ...more] = wrapAroundCommands(`error: ${sanitizeLine(error.message)}`, { columns, rest: '  ' });
  const lines = [first!.replace('error:', theme.bad('error:')), ...more];
  if (error instanceof InvalidManifestError) lines.push(...issueLines(error.issues, columns));
  lines.push(...error.details.flatMap(below));
  if (error.hint !== undefined) lines.push(...below(error.hint));
  return lines.join('\n');
}

/** With the path of a field, whose name may be anything. */
const LONGEST_ISSUE = 2_000;
/** A person reads a few; the number of all stands in the message. */
const MOST_ISSUES = 100;

/** `file:line:column  path: message`, positions in one column. */
function issueLines(all: readonly Issue[], columns: number): string[] {
  const issues = all.slice(0, MOST_ISSUES);
  const more = all.length - issues.length;
  return [...linesOf(issues, columns), ...(more === 0 ? [] : [`  ... and ${formatCount(more)} more`])];
}

function linesOf(issues: readonly Issue[], columns: number): string[] {
  const places = issues.map(({ source, line, column }) =>
    sanitizeLine([source ?? '', line, column].filter((part) => part !== undefined && part !== '').join(':')),
  );
  const width = Math.max(0, ...places.map(displayWidth));
  return issues.flatMap((issue, index) => {
    const place = places[index]!;
    const text = issue.path === '' ? issue.message : `${issue.path}: ${issue.message}`;
    const first = `  ${width === 0 ? '' : `${place}${' '.repeat(width - displayWidth(place))}  `}`;
    return wrap(sanitizeLine(text.slice(0, LONGEST_ISSUE)), { columns, first, rest: '    ' });
  });
}
