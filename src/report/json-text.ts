/** JSON as text that is safe to show: what a terminal would act upon, or would not draw, is escaped, which changes nothing for a parser. */
import { escapeJson } from '../text/sanitize.ts';

export function jsonText(value: unknown, indent?: number): string {
  return escapeJson(JSON.stringify(value, undefined, indent));
}
