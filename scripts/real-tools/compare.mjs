/** Compares what `judge` says of a file with what is known of it. */
import { execFile } from 'node:child_process';
import path from 'node:path';

const SLOS = ['p50<=10s', 'p95<=10s', 'error-rate<=50%'];

/** @returns the record that it keeps, or what it refuses with */
function judged({ file, args = [] }, root, slos) {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [
        path.join(root, 'bin/iter8ctl.js'),
        'judge',
        file,
        ...slos.flatMap((slo) => ['--slo', slo]),
        ...args,
        '-o',
        'raw',
        '--no-exit-code',
        '--ci',
        'none',
      ],
      { maxBuffer: 64 * 1024 * 1024, timeout: 60_000 },
      (error, stdout, stderr) => {
        if (error !== null) resolve({ code: error.code, refused: stderr });
        else resolve({ code: 0, record: recordIn(JSON.parse(stdout)) });
      },
    );
  });
}

/** The first object with scopes and assessments: where it stands in the status is not what is compared here. */
function recordIn(value) {
  if (typeof value !== 'object' || value === null) return undefined;
  if (Array.isArray(value.scopes) && Array.isArray(value.assessments)) return value;
  for (const part of Object.values(value)) {
    const found = recordIn(part);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Sentences about what is not as it was expected. */
export async function differences(check, root) {
  const { code, refused, record } = await judged(check, root, SLOS);
  if (check.refused !== undefined)
    return code === 2 && refused.includes(check.refused)
      ? []
      : [`it is not refused with "${check.refused}": ${refused ?? 'it is judged'}`];
  if (record === undefined) return [`judge ends with ${code}: ${refused}`];
  const tally = record.scopes[0]?.tally;
  const found = [];
  const give = check.give ?? 0;
  const compare = (what, got, expected, allowed = give) => {
    if (expected !== undefined && Math.abs((got ?? 0) - expected) > allowed)
      found.push(`${what}: ${got ?? 0} instead of ${expected}`);
  };
  const { codes } = tally;
  const answers = Object.entries(codes).filter(([name]) => /^\d{3}$|^OK$/.test(name) || name in (check.codes ?? {}));
  for (const [name, count] of answers)
    if (check.codes !== undefined) compare(`code ${name}`, count, check.codes[name] ?? 0);
  for (const name of Object.keys(check.codes ?? {}))
    if (!(name in codes)) compare(`code ${name}`, 0, check.codes[name]);
  for (const [name, count] of Object.entries(check.serverCodes ?? {}))
    compare(`code ${name} by the server`, codes[name], count);
  for (const [name, count] of Object.entries(check.kinds ?? {})) compare(`kind ${name}`, codes[name], count);
  const others = Object.entries(codes).filter(([name]) => !answers.some(([one]) => one === name));
  const unanswered = others.reduce((sum, [, count]) => sum + count, 0);
  if (check.unanswered !== undefined)
    compare(
      `without an answer (${JSON.stringify(Object.fromEntries(others))})`,
      unanswered - (check.missing ?? 0),
      check.unanswered,
    );
  compare('requests', tally.response.n, check.requests);
  compare('errors', tally.response.errors, check.errors);
  if (check.seconds !== undefined) compare('seconds', record.loadSeconds, check.seconds, 0.3 + (check.startUp ?? 0));
  if (check.ms !== undefined) {
    const [p50, p95] = record.assessments.map(({ estimate }) => estimate);
    const mean = tally.response.n === 0 ? undefined : tally.answers.sumMs / tally.response.n;
    for (const [name, got] of Object.entries({ p50, p95, mean }))
      compare(`${name} in ms`, got, check.ms[name], 1.5 + (check.offBy ?? 0.05) * (check.ms[name] ?? 0));
  }
  if (process.env.VERBOSE === '1')
    console.log(
      `  (${JSON.stringify({ codes, n: tally.response.n, errors: tally.response.errors, imported: record.imported, seconds: record.loadSeconds, mean: tally.answers.sumMs / tally.response.n })})`,
    );
  return found;
}
