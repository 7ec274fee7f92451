/** Lines of `get --local` that an earlier run has made of the same text. */
import { TextCache } from '../adapters/store/text-cache.ts';
import type { KnownOutlines } from '../drive/ports.ts';
import type { Experiment } from '../experiment/experiment.ts';
import type { Io } from '../io.ts';
import { BUILD } from '../version.ts';
import type { ListRow } from '../view/experiment-view.ts';

export interface ListLineCache extends KnownOutlines {
  /** For later runs. */
  save(): void;
}

interface Line {
  readonly outline: Experiment;
  readonly row: ListRow;
}

/** `rows`: of outlines; those that are found in what was known are added to it. */
export function openListLineCache(
  io: Pick<Io, 'env' | 'pid'>,
  dir: string,
  rows: Map<Experiment, ListRow>,
  build = BUILD,
): ListLineCache {
  const texts = new TextCache({ env: io.env, pid: io.pid, build, dir });
  return {
    of: (checksum) => {
      const line = texts.of(checksum) as Line | undefined;
      if (line !== undefined) rows.set(line.outline, line.row);
      return line?.outline;
    },
    learn: (checksum, outline) => {
      const row = rows.get(outline);
      if (row !== undefined) texts.learn(checksum, { outline, row } satisfies Line);
    },
    save: () => texts.save(),
  };
}
