/**
 * Which experiments have their values given out: those that have not ended, and for a while those that have; so many as their
 * series allow. An experiment has all its series or none, and those left out are counted.
 */
import type { Clock } from '../io.ts';
import { conditionOf, hasEnded } from '../experiment/conditions.ts';
import { keyText, type Experiment, type ObjectKey } from '../experiment/experiment.ts';
import { experimentView } from '../view/experiment-view.ts';
import { experimentSamples } from '../telemetry/experiment-samples.ts';
import type { Sample } from '../telemetry/families.ts';

export interface MeasuredLimits {
  readonly mostSeries: number;
  /** Objects that are kept until somebody asks for their values. */
  readonly mostExperiments: number;
  /** How long the values of an experiment stay after its end. */
  readonly keepEndedMs: number;
}

/** Two versions with three objectives have about 80 series. A Prometheus that scrapes each minute sees an end 15 times. */
export const MEASURED_LIMITS: MeasuredLimits = {
  mostSeries: 10_000,
  mostExperiments: 300,
  keepEndedMs: 15 * 60_000,
};

/** What matters most is kept first: what is under way, then what waits, then what has ended. */
type Rank = 0 | 1 | 2;

interface Entry {
  readonly key: ObjectKey;
  readonly rank: Rank;
  /** Monotonic ms; absent before its end. */
  readonly until?: number | undefined;
  /** Becomes `samples` when somebody asks: most objects are replaced before. */
  object?: Experiment | undefined;
  samples: readonly Sample[];
  /** What `samples` were made with. */
  driven?: boolean | undefined;
}

export class MeasuredExperiments {
  readonly #clock: Clock;
  readonly #limits: MeasuredLimits;
  readonly #driven: (key: ObjectKey) => boolean | undefined;
  readonly #entries = new Map<string, Entry>();
  /** Those for which there is no room. */
  readonly #leftOut = new Set<string>();

  constructor(clock: Clock, driven: (key: ObjectKey) => boolean | undefined, limits: MeasuredLimits = MEASURED_LIMITS) {
    this.#clock = clock;
    this.#driven = driven;
    this.#limits = limits;
  }

  /** The experiment as it is now. */
  see(object: Experiment): void {
    const { namespace, name } = object.metadata;
    const id = keyText({ namespace, name });
    const rank = rankOf(object);
    const until = rank === 2 ? (this.#entries.get(id)?.until ?? this.#untilOf(object)) : undefined;
    this.#leftOut.delete(id);
    if (until !== undefined && until <= this.#clock.monotonicMs()) {
      this.#entries.delete(id);
      return;
    }
    if (!this.#entries.has(id) && !this.#hasRoom(rank)) {
      if (rank !== 2) this.#leftOut.add(id);
      return;
    }
    this.#entries.set(id, { key: { namespace, name }, rank, until, object, samples: [] });
  }

  /** It was deleted. */
  forget(key: ObjectKey): void {
    this.#entries.delete(keyText(key));
    this.#leftOut.delete(keyText(key));
  }

  samples(): Sample[] {
    const now = this.#clock.monotonicMs();
    for (const [id, { until }] of this.#entries) if (until !== undefined && until <= now) this.#entries.delete(id);
    const samples: Sample[] = [];
    let dropped = this.#leftOut.size;
    for (const entry of [...this.#entries.values()].toSorted((one, other) => one.rank - other.rank)) {
      const own = this.#samplesOf(entry);
      if (samples.length + own.length > this.#limits.mostSeries) dropped += 1;
      else for (const sample of own) samples.push(sample);
    }
    samples.push({ family: 'experiments_dropped', labels: {}, value: dropped });
    return samples;
  }

  #samplesOf(entry: Entry): readonly Sample[] {
    const driven = this.#driven(entry.key);
    if (entry.object !== undefined) {
      entry.samples = experimentSamples(experimentView(entry.object, this.#clock.now()), driven);
      entry.object = undefined;
    } else if (driven !== entry.driven)
      entry.samples = entry.samples.map((sample) =>
        sample.family === 'experiment_driven' ? { ...sample, value: Number(driven) } : sample,
      );
    entry.driven = driven;
    return entry.samples;
  }

  /** A controller that starts finds what ended long ago. */
  #untilOf(object: Experiment): number {
    const completed = conditionOf(object.status, 'Completed');
    const endedAt = completed?.status === 'True' ? Date.parse(completed.lastTransitionTime ?? '') : Number.NaN;
    const ago = Number.isFinite(endedAt) ? Math.max(0, this.#clock.now() - endedAt) : 0;
    return this.#clock.monotonicMs() + this.#limits.keepEndedMs - ago;
  }

  /** Makes room where something matters less. */
  #hasRoom(rank: Rank): boolean {
    if (this.#entries.size < this.#limits.mostExperiments) return true;
    let least: readonly [string, Entry] | undefined;
    for (const one of this.#entries) if (one[1].rank > (least?.[1].rank ?? rank)) least = one;
    if (least === undefined) return false;
    this.#entries.delete(least[0]);
    if (least[1].rank !== 2) this.#leftOut.add(least[0]);
    return true;
  }
}

function rankOf(object: Experiment): Rank {
  if (hasEnded(object)) return 2;
  return object.status?.stage === undefined || object.status.stage === 'Waiting' ? 1 : 0;
}
