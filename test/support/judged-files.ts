/** What `judge` makes of files, and files as tools write them. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'vitest';
import type { LimitAssessment } from '../../src/judge/assessment.ts';
import type { Experiment } from '../../src/experiment/experiment.ts';
import { readRecord } from '../../src/judge/record/stored-record.ts';
import { iter8ctl } from './test-io.ts';

export const cwd = mkdtempSync(path.join(tmpdir(), 'iter8ctl-judge-'));
export const fixture = (name: string) => path.join(import.meta.dirname, '../fixtures/results', name);

export interface Answer {
  readonly recommendation: { readonly verdict: string };
  readonly objectives: readonly LimitAssessment[];
  readonly observations: readonly { readonly requests: number; readonly codes: Record<string, number> }[];
  readonly warnings: readonly string[];
}

export async function judged(...args: string[]): Promise<Answer & { readonly code: number }> {
  const { code, out, err } = await iter8ctl(['judge', ...args, '-o', 'raw'], { cwd });
  expect(err).toBe('');
  return { code, ...answerOf(out) };
}

export function answerOf(raw: string): Answer {
  const record = readRecord(JSON.parse(raw) as Experiment)!;
  return {
    recommendation: record.recommendation!,
    objectives: record.assessments,
    observations: record.scopes.map(({ tally: { response, codes } }) => ({ requests: response.n, codes })),
    warnings: record.warnings,
  };
}

/** Requests of vegeta, evenly over the seconds; each attack numbers its own. */
export const vegeta = (
  n: number,
  of: (k: number) => { code?: number; ms?: number; attack?: string },
  seconds = 10,
): string => {
  const hits = new Map<string, number>();
  return Array.from({ length: n }, (_, k) => {
    const { code = 200, ms = 20, attack = '' } = of(k);
    const seq = hits.get(attack) ?? 0;
    hits.set(attack, seq + 1);
    const timestamp = new Date(1_700_000_000_000 + (k / n) * seconds * 1000).toISOString();
    return `${JSON.stringify({ attack, seq, code, timestamp, latency: Math.round(ms * 1e6), bytes_out: 0, bytes_in: 1, error: code === 0 ? 'dial tcp: connect: connection refused' : '' })}\n`;
  }).join('');
};

export function written(name: string, text: string | Buffer): string {
  writeFileSync(path.join(cwd, name), text);
  return name;
}
