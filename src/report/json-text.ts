/** JSON as text that is safe to show: what a terminal would act upon, or would not draw, is escaped, which changes nothing for a parser. */
import { escapeJson } from '../text/sanitize.ts';

/** Of everything that is printed for programs (docs/output.md). */
export const OUTPUT_VERSION = 'iter8ctl/v1';

export function jsonText(value: unknown, indent?: number): string {
  return escapeJson(JSON.stringify(value, undefined, indent));
}
