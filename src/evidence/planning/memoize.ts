/**
 * A pure function that keeps the answers to the last questions it was asked: the plan of an experiment, its warnings, and the next
 * experiment of a controller ask the same, and each answer takes a tenth of a second before V8 has compiled what it takes.
 * Questions are plain data.
 */
export function memoize<Question, Answer>(answer: (question: Question) => Answer): (question: Question) => Answer {
  const answers = new Map<string, Answer>();
  return (question) => {
    const key = JSON.stringify(question, asText);
    const known = answers.get(key);
    if (known !== undefined) return known;
    const found = answer(question);
    answers.set(key, found);
    if (answers.size > MOST) answers.delete(answers.keys().next().value!);
    return found;
  };
}

/** Of some kilobytes each. */
const MOST = 64;

/** JSON has no Infinity. */
const asText = (_: string, value: unknown): unknown =>
  typeof value === 'number' && !Number.isFinite(value) ? `${value}` : value;
