/**
 * What is fuzzed: everything that reads what others wrote. A target takes an input and looks at what comes of it: a result or a
 * sentence (Iter8Error), never another error, nothing that steers a terminal, and in a time that somebody would wait.
 */
import { sanitizeText } from '../../src/text/sanitize.ts';
import {
  conditionTarget,
  placeholderTarget,
  queryTarget,
  counterTarget,
  smallTarget,
  secretTarget,
} from './language-targets.ts';
import {
  describeTarget,
  listTarget,
  replayObjectTarget,
  replayRecordTarget,
  manifestTarget,
  storeTarget,
} from './object-targets.ts';
import { resultsTarget, tornResultsTarget } from './results-targets.ts';
import type { Target } from './target.ts';

export const TARGETS = [
  describeTarget,
  listTarget,
  replayObjectTarget,
  replayRecordTarget,
  manifestTarget,
  storeTarget,
  conditionTarget,
  placeholderTarget,
  queryTarget,
  counterTarget,
  smallTarget,
  secretTarget,
  resultsTarget,
  tornResultsTarget,
] as readonly Target[];

/** Longer than anybody waits for a sentence; far above what any of them takes on a busy machine. */
const LONGEST_MS = 20_000;

/** Throws for what must not be. */
export async function checkInput(target: Target, input: unknown): Promise<void> {
  const start = performance.now();
  const shown = await target.shown(input);
  const ms = performance.now() - start;
  if (ms > LONGEST_MS) throw new Error(`it takes ${Math.round(ms)} ms`);
  if (sanitizeText(shown) !== shown) {
    const clean = sanitizeText(shown);
    let at = 0;
    while (shown[at] === clean[at]) at += 1;
    throw new Error(`a raw character is shown: ${JSON.stringify(shown.slice(Math.max(0, at - 40), at + 20))}`);
  }
}
