/**
 * Fuzzes everything that reads what others wrote (test/fuzz/targets.ts). Findings become cases of `npm test`.
 *
 *   npm run fuzz -- [--runs N] [--seed N] [--target NAME,NAME]
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const { values } = parseArgs({
  options: { runs: { type: 'string' }, seed: { type: 'string' }, target: { type: 'string' } },
});
const runs = Number(values.runs ?? 100_000);
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
/** A batch of a thousand takes seconds; one that takes longer than this hangs. */
const HANGS_MS = 300_000;

/** Whatever it reads, it needs no more. */
const MOST_MB = 1024;

const root = path.join(import.meta.dirname, '..');
const outfile = path.join(mkdtempSync(path.join(tmpdir(), 'iter8ctl-fuzz-')), 'fuzz.mjs');
await build({
  entryPoints: [path.join(root, 'test/fuzz/main.ts')],
  bundle: true,
  platform: 'node',
  format: 'esm',
  outfile,
  define: { 'import.meta.dirname': JSON.stringify(path.join(root, 'test/fuzz')) },
  banner: { js: "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);" },
  logLevel: 'warning',
});

console.log(`seed ${seed}: ${runs} runs`);
const child = spawn(
  process.execPath,
  [`--max-old-space-size=${MOST_MB}`, outfile, String(seed), String(runs), values.target ?? ''],
  {
    stdio: ['ignore', 'pipe', 'inherit'],
  },
);
const totals = new Map();
const PROGRESS_MS = 60_000;
let said = performance.now();
let found = 0;
let now = { target: 'none', seed };
let watch = setTimeout(hang, HANGS_MS);

function hang() {
  found += 1;
  console.log(`HANGS   ${now.target} with seed ${now.seed}: npm run fuzz -- --target ${now.target} --seed ${now.seed}`);
  child.kill('SIGKILL');
}

function keep({ target, input, error }) {
  found += 1;
  const text = `${JSON.stringify({ target, error: error.split('\n')[0], input }, undefined, 1)}\n`;
  const name = `${target}-${createHash('sha256').update(text).digest('hex').slice(0, 8)}.json`;
  writeFileSync(path.join(root, 'test/fuzz/cases', name), text);
  console.log(`FOUND   ${target}: test/fuzz/cases/${name}\n${error.split('\n').slice(0, 6).join('\n')}`);
}

for await (const line of createInterface({ input: child.stdout })) {
  const report = JSON.parse(line);
  clearTimeout(watch);
  watch = setTimeout(hang, HANGS_MS);
  if (report.kind === 'begins') now = report;
  else if (report.kind === 'found') keep(report);
  else {
    const total = totals.get(report.target) ?? { runs: 0, ms: 0 };
    totals.set(report.target, { runs: total.runs + report.runs, ms: total.ms + report.ms });
    if (performance.now() - said > PROGRESS_MS) {
      said = performance.now();
      console.log(`${[...totals.values()].reduce((sum, one) => sum + one.runs, 0)} runs, ${found} found`);
    }
  }
}
clearTimeout(watch);
const code = await new Promise((resolve) =>
  child.exitCode === null ? child.once('exit', resolve) : resolve(child.exitCode),
);
for (const [target, { runs: count, ms }] of totals)
  console.log(`${target.padEnd(26)} ${String(count).padStart(9)} runs  ${String(Math.round(ms / 1000)).padStart(6)} s`);
const all = [...totals.values()].reduce((sum, one) => sum + one.runs, 0);
console.log(`${all} runs with seed ${seed}, ${found} found${code === 0 ? '' : `; ended with ${code}`}`);
process.exitCode = found > 0 || code !== 0 ? 1 : 0;
