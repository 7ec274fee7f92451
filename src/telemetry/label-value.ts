/** Names that others chose, as values of labels: one line, nothing hidden in it, bounded. */
import { createHash } from 'node:crypto';
import { LONGEST_NAME } from '../experiment/object-names.ts';
import { redactUrls } from '../text/redact.ts';
import { sanitizeLine } from '../text/sanitize.ts';

const HASH_LENGTH = 12;

/** Two long names stay two: what is cut off is replaced by a hash of the whole. */
export function labelValue(text: string): string {
  const clean = sanitizeLine(redactUrls(text));
  if (clean.length <= LONGEST_NAME) return clean;
  const hash = createHash('sha256').update(text).digest('hex').slice(0, HASH_LENGTH);
  // A cut in the middle of a pair would leave half a character.
  const kept = clean.slice(0, LONGEST_NAME - HASH_LENGTH - 1).replace(/[\ud800-\udbff]$/, '');
  return `${kept}~${hash}`;
}
