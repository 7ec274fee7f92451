/** Untrusted JSON: parsed only where it is not nested deeper than anything that we ask for, so that no walk over it overflows. Pure. */
import { RefusedError } from './answer.ts';

const DEEPEST = 32;

/** `what`: how it is called in a refusal. @throws RefusedError 400 */
export function parseJsonBody(text: string, what: string): unknown {
  if (depthOf(text) > DEEPEST) throw new RefusedError(400, `${what} is nested deeper than ${DEEPEST}`);
  try {
    return JSON.parse(text);
  } catch {
    throw new RefusedError(400, `${what} is not JSON`);
  }
}

/** How deep its lists and objects lie in one another; of a text that is no JSON at least as deep as its parser would go. */
function depthOf(text: string): number {
  let [depth, deepest, isQuoted] = [0, 0, false];
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (isQuoted && character === '\\') at += 1;
    else if (character === '"') isQuoted = !isQuoted;
    else if (!isQuoted && (character === '[' || character === '{')) deepest = Math.max(deepest, (depth += 1));
    else if (!isQuoted && (character === ']' || character === '}')) depth -= 1;
  }
  return deepest;
}
