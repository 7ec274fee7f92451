/**
 * Where counters stood at the beginning of a window that is read at once, when nobody looked at them before: the samples that a ledger
 * begins with. What they counted until then was before.
 *
 * A process is scraped once an interval, all its series together. So the first samples of each process that was there at the beginning
 * open the window; a series of it that appears later counts from zero, as the first failure of a process does, and so do the
 * series of a process that appears later. Without the process (no `instance`) each series stands for itself.
 */
import type { CounterAnswer, CounterSample } from './counter-samples.ts';

/** Prometheus scrapes once a minute where nothing else is said. Source: its documentation of `scrape_interval`. */
const SCRAPED_EVERY_MS = 60_000;

export function openingSamples(answer: CounterAnswer): CounterAnswer {
  const processes = new Map<string, { firstMs: number; longestGapMs: number }>();
  const last = new Map<string, number>();
  let firstMs = Number.POSITIVE_INFINITY;
  for (const sample of answer.samples) {
    const { atMs, series } = sample;
    const known = processes.get(processOf(sample)) ?? { firstMs: atMs, longestGapMs: 0 };
    const before = last.get(series);
    known.firstMs = Math.min(known.firstMs, atMs);
    if (before !== undefined) known.longestGapMs = Math.max(known.longestGapMs, atMs - before);
    processes.set(processOf(sample), known);
    last.set(series, atMs);
    firstMs = Math.min(firstMs, atMs);
  }
  const gaps = [...processes.values()].map(({ longestGapMs }) => longestGapMs);
  const longestGapMs = gaps.reduce((most, gap) => Math.max(most, gap), 0);
  // Nothing was sampled twice: nobody knows how often it is scraped, so everything may have been there before.
  const gapMs = longestGapMs === 0 ? Number.POSITIVE_INFINITY : Math.max(longestGapMs, SCRAPED_EVERY_MS);
  const samples = answer.samples.filter((sample) => {
    const opens = processes.get(processOf(sample))!.firstMs;
    return sample.atMs === opens && opens <= firstMs + gapMs;
  });
  return { ...answer, samples };
}

const processOf = ({ source, series }: CounterSample): string => source ?? `series ${series}`;
