// Asks the registry for known vulnerabilities of everything in package-lock.json, what is bundled and what only builds and tests. Not
// every registry answers that: then nothing was audited, which is said and is no failure.
// Usage: node scripts/audit.mjs
import { execFile } from 'node:child_process';
import path from 'node:path';

const root = path.join(import.meta.dirname, '..');
const LONGEST_MS = 60_000;
/** From here on it fails. */
const WORST = ['moderate', 'high', 'critical'];

/**
 * What `npm audit --json` printed: whether it is clean, or what is vulnerable, or why nothing is known.
 *
 * @returns {{ kind: 'clean', packages: number } | { kind: 'vulnerable', found: string[] } | { kind: 'unknown', why: string }}
 */
export function readAudit(text) {
  let answer;
  try {
    answer = JSON.parse(text);
  } catch {
    return { kind: 'unknown', why: 'npm audit printed no JSON' };
  }
  const { vulnerabilities, metadata, message, error } = answer ?? {};
  if (typeof vulnerabilities !== 'object' || vulnerabilities === null || metadata?.dependencies?.total === undefined)
    return { kind: 'unknown', why: String(message ?? error?.summary ?? 'npm audit gives no result') };
  const found = Object.values(vulnerabilities)
    .filter(({ severity }) => WORST.includes(severity))
    .map(({ name, severity, range }) => `${name} ${range}: ${severity}`);
  return found.length > 0 ? { kind: 'vulnerable', found } : { kind: 'clean', packages: metadata.dependencies.total };
}

/** Never rejects. */
export function audit() {
  return new Promise((resolve) => {
    // It exits 1 where it found something, and where it found nothing out.
    execFile(
      'npm',
      ['audit', '--json'],
      { cwd: root, timeout: LONGEST_MS, maxBuffer: 64 * 1024 * 1024 },
      (error, out) =>
        resolve(error?.killed === true ? { kind: 'unknown', why: 'the registry gives no answer' } : readAudit(out)),
    );
  });
}

if (process.argv[1] === import.meta.filename) {
  const result = await audit();
  if (result.kind === 'clean') console.log(`${result.packages} packages, none with a known vulnerability`);
  else if (result.kind === 'unknown') console.log(`not audited: ${result.why}`);
  else for (const line of result.found) console.error(line);
  process.exitCode = result.kind === 'vulnerable' ? 1 : 0;
}
