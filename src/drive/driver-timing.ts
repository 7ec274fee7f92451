/** How often a driver saves and looks for what people ask, and how long it waits for a store that does not answer. ms. */

export interface DriverTiming {
  /** What is counted since the last save is lost when the driver is killed. */
  readonly saveEveryMs: number;
  /** How soon a person's answer is seen while nothing is saved. */
  readonly lookEveryMs: number;
  /** How long the end of an experiment waits for an API server that does not answer. */
  readonly outageMs: number;
  /** How long Kubernetes Events that wait may take at the end. */
  readonly eventsMs: number;
}

/** `run`. Saving costs little in a folder, and more in a cluster: a second of load is lost at most, or five (docs/behavior.md 8). */
export const RUN_TIMING: Readonly<Record<'local' | 'cluster', DriverTiming>> = {
  local: { saveEveryMs: 800, lookEveryMs: 500, outageMs: 10 * 60_000, eventsMs: 3_000 },
  cluster: { saveEveryMs: 4_500, lookEveryMs: 3_000, outageMs: 10 * 60_000, eventsMs: 3_000 },
};

/** A pod is given a minute to end, and its load has been drained by then. */
export const CONTROLLER_TIMING: DriverTiming = {
  saveEveryMs: 4_500,
  lookEveryMs: 5_000,
  outageMs: 24 * 3_600_000,
  eventsMs: 5_000,
};
