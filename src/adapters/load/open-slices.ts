/** All slices of one worker that are not closed yet, scope by scope, and how far each scope is closed. */
import type { LatencyLimit, Tally } from '../../evidence/request-tally.ts';
import { Slice } from '../../evidence/slice-counts.ts';

/** What was closed since the last time, and the frontier that this leaves. */
export interface Closed {
  readonly slices: { readonly scope: number; readonly slice: number; readonly tally: Tally }[];
  /** For each scope: all slices below are closed. */
  readonly frontier: number[];
}

interface ScopePage {
  readonly limits: readonly LatencyLimit[];
  readonly slices: Map<number, Slice>;
  /** The slice that was asked for last: nearly always the next to be asked for. */
  newestIndex: number;
  newest: Slice | undefined;
  frontier: number;
}

export class SliceBook {
  readonly #pages: readonly ScopePage[];
  #reached = 0;

  /** The limits to count at, scope by scope. */
  constructor(limits: readonly (readonly LatencyLimit[])[]) {
    this.#pages = limits.map((own) => ({
      limits: own,
      slices: new Map(),
      newestIndex: -1,
      newest: undefined,
      frontier: 0,
    }));
  }

  slice(scope: number, index: number): Slice {
    const page = this.#pages[scope]!;
    if (page.newestIndex === index) return page.newest!;
    let slice = page.slices.get(index);
    if (slice === undefined) {
      slice = new Slice(page.limits);
      page.slices.set(index, slice);
    }
    page.newestIndex = index;
    page.newest = slice;
    return slice;
  }

  /** No request may come into a slice below this any more. */
  get reached(): number {
    return this.#reached;
  }

  /** Closes what can be closed of the slices below `complete`, into which no request can come any more. */
  close(complete: number): Closed {
    const slices: Closed['slices'] = [];
    for (const [scope, page] of this.#pages.entries()) {
      const indices = [...page.slices.keys()].filter((index) => index < complete).toSorted((a, b) => a - b);
      const stopped = indices.find((index) => page.slices.get(index)!.open > 0) ?? complete;
      for (const index of indices) {
        if (index >= stopped) break;
        const slice = page.slices.get(index)!;
        page.slices.delete(index);
        if (page.newestIndex === index) page.newestIndex = -1;
        if (!slice.isEmpty) slices.push({ scope, slice: index, tally: slice.tally() });
      }
      page.frontier = Math.max(page.frontier, stopped);
      this.#reached = Math.max(this.#reached, page.frontier);
    }
    return { slices, frontier: this.#pages.map((page) => page.frontier) };
  }

  /**
   * Everything that is not closed, as if the worker died now: unresolved requests as errors with the latency of the cap. One sum for
   * each scope, however many slices it is of: of a service that answers nothing there are as many as its timeout has.
   */
  checkpoint(capMs: number): { readonly scope: number; readonly tally: Tally }[] {
    return this.#pages.flatMap(({ slices, limits }, scope) => {
      const sum = new Slice(limits);
      for (const slice of slices.values()) sum.add(slice, capMs);
      return sum.isEmpty ? [] : [{ scope, tally: sum.tally() }];
    });
  }
}
