/**
 * Where counters stood at the beginning of a window that is read at once, when nobody looked at them before: the samples that a ledger
 * begins with. What they counted until then was before.
 *
 * A process is scraped once an interval, all its series together, which some backends note a few milliseconds apart. So the first
 * samples of each process that was there at the beginning open the window: those within half an interval of its very first. A series of
 * it that appears later counts from zero, as the first failure of a process does, and so do the series of a process that appears
 * later. Without the process (no `instance`) each series stands for itself.
 */
import type { CounterAnswer, CounterSample } from './counter-samples.ts';

/** Prometheus scrapes once a minute where nothing else is said. Source: its documentation of `scrape_interval`. */
const SCRAPED_EVERY_MS = 60_000;

export function openingSamples(answer: CounterAnswer): CounterAnswer {
  const processes = new Map<string, { firstMs: number; longestGapMs: number; shortestGapMs: number }>();
  const last = new Map<string, number>();
  let firstMs = Number.POSITIVE_INFINITY;
  for (const sample of answer.samples) {
    const { atMs, series } = sample;
    const known = processes.get(processOf(sample)) ?? { firstMs: atMs, longestGapMs: 0, shortestGapMs: Infinity };
    const before = last.get(series);
    known.firstMs = Math.min(known.firstMs, atMs);
    if (before !== undefined && atMs > before) {
      known.longestGapMs = Math.max(known.longestGapMs, atMs - before);
      known.shortestGapMs = Math.min(known.shortestGapMs, atMs - before);
    }
    processes.set(processOf(sample), known);
    last.set(series, atMs);
    firstMs = Math.min(firstMs, atMs);
  }
  const gaps = [...processes.values()].map(({ longestGapMs }) => longestGapMs);
  const longestGapMs = gaps.reduce((most, gap) => Math.max(most, gap), 0);
  // Nothing was sampled twice: nobody knows how often it is scraped, so everything may have been there before.
  const gapMs = longestGapMs === 0 ? Number.POSITIVE_INFINITY : Math.max(longestGapMs, SCRAPED_EVERY_MS);
  const samples = answer.samples.filter((sample) => {
    const { firstMs: opens, shortestGapMs } = processes.get(processOf(sample))!;
    // Sampled once alone: no interval is known.
    const together = shortestGapMs === Infinity ? 0 : shortestGapMs / 2;
    return sample.atMs - opens <= together && opens <= firstMs + gapMs;
  });
  return { ...answer, samples };
}

const processOf = ({ source, series }: CounterSample): string => source ?? `series ${series}`;
