/** Numbers in what people read: rounded, and one of something is one. Looked at in everything that a test prints. */

/** What we count. */
const COUNTED =
  /(?<![\d.,]|p|of )1 (?:requests|objectives|iterations|versions|problems|pairs|points|answers|errors|tries|objects|samples|experiments|candidates|rewards|seconds|minutes|hours|days|lines)\b/;
/** A double as it is: 15 digits and more are said by no measurement. */
const UNROUNDED = /(?<![\w.])(?:\d{1,3}\.\d{13,}|0\.0*[1-9]\d{13,})(?![\w.])/;
const FOR_PEOPLE: readonly string[] = ['text', 'wide', 'markdown'];

/** Undefined where all is well. */
export function badNumber(text: string): string | undefined {
  return (COUNTED.exec(text) ?? UNROUNDED.exec(text))?.[0];
}

export function checkNumbers(argv: readonly string[], text: string): void {
  const at = argv.findIndex((word) => word === '-o' || word === '--output');
  if (at >= 0 && !FOR_PEOPLE.includes(argv[at + 1] ?? '')) return;
  const bad = badNumber(text);
  if (bad !== undefined)
    throw new Error(`${JSON.stringify(bad)} is no sentence for people, printed by ${argv.join(' ')}`);
}
