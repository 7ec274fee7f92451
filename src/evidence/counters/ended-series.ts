/** Series of counters that ended, such as those of pods that are gone: folded into one row, so that they do not fill the record. */
import { sumOf } from './counter-parts.ts';
import { laggedSince, since, type CountedSince, type SeriesLedger } from './series-growth.ts';

/** All series that ended. */
export interface EndedSeries {
  /** Unknown series have no samples up to here: those of folded ones may be read again. */
  readonly untilMs: number;
  readonly total: readonly number[];
  /** Of requests that surely began after the start: see `lagged`. */
  readonly lagged: readonly number[];
  /** What they grew by in the present block. */
  readonly block: readonly number[];
  readonly blockLagged: readonly number[];
}

/** A series without a sample for so long has ended. Should it come back, nothing is claimed of what it counted meanwhile. */
const ENDED_MS = 120_000;

/** The row with one more series. */
export function folded(ended: EndedSeries | undefined, series: SeriesLedger, ledger: CountedSince): EndedSeries {
  const row = ended ?? { untilMs: 0, total: [], lagged: [], block: [], blockLagged: [] };
  return {
    untilMs: row.untilMs,
    total: sumOf([row.total, series.total]),
    lagged: sumOf([row.lagged, laggedSince(series, series.settled, ledger)]),
    block: sumOf([row.block, since(series, series.mark)]),
    blockLagged: sumOf([row.blockLagged, laggedSince(series, series.mark, ledger)]),
  };
}

/** The series that go on, and the row with those that have ended by then. */
export function foldedWhereEnded(
  ledger: CountedSince & {
    readonly series: Readonly<Record<string, SeriesLedger>>;
    readonly ended?: EndedSeries | undefined;
  },
  newestMs: number,
): { readonly series: Readonly<Record<string, SeriesLedger>>; readonly ended?: EndedSeries } {
  const series = { ...ledger.series };
  let { ended } = ledger;
  const gone = newestMs - Math.max(ENDED_MS, 2 * ledger.inFlightMs);
  for (const [id, one] of Object.entries(series)) {
    if (one.atMs >= gone) continue;
    ended = { ...folded(ended, one, ledger), untilMs: Math.max(ended?.untilMs ?? 0, one.atMs) };
    delete series[id];
  }
  return { series, ...(ended === undefined ? {} : { ended }) };
}
