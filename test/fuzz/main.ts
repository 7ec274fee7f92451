/** Fuzzes for as long as one likes: bundled and started by scripts/fuzz.mjs. Prints a line of JSON for each batch. */
import fc from 'fast-check';
import { checkInput, TARGETS } from './targets.ts';

const BATCH = 1_000;
const [seedText, runsText, names] = process.argv.slice(2);
const runs = Number(runsText);
const targets = TARGETS.filter(({ name }) => names === undefined || names === '' || names.split(',').includes(name));
const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);

let done = 0;
for (let batch = 0; done < runs; batch += 1) {
  for (const target of targets) {
    const seed = (Number(seedText) + batch) | 0;
    say({ kind: 'begins', target: target.name, seed });
    const start = performance.now();
    const numRuns = Math.min(Math.ceil(BATCH / (target.cost ?? 1)), Math.max(1, runs - done));
    const result = await fc.check(
      fc.asyncProperty(target.inputs, (input) => checkInput(target, input)),
      { seed, numRuns, endOnFailure: false },
    );
    done += result.numRuns;
    say({ kind: 'done', target: target.name, seed, runs: result.numRuns, ms: Math.round(performance.now() - start) });
    if (result.failed)
      say({
        kind: 'found',
        target: target.name,
        seed,
        path: result.counterexamplePath,
        input: result.counterexample?.[0],
        error: String((result.errorInstance as Error | undefined)?.stack ?? result.errorInstance),
      });
  }
}
