/** The axis that charts of a run share: seconds since its first moment. */
import { scaleLinear, type ScaleLinear } from 'd3-scale';
import { formatSeconds } from '../../text/units.ts';
import type { Moment } from '../../judge/record/run-over-time.ts';
import { PLOT, spaced, type Axis } from './chart.ts';

export interface Point {
  /** Seconds since the first moment. */
  readonly at: number;
  readonly value: number;
}

/** The points of those moments that have a value. */
export function pointsOf(moments: readonly Moment[], valueOf: (moment: Moment) => number | undefined): Point[] {
  return moments.flatMap((moment) => {
    const value = valueOf(moment);
    return value === undefined ? [] : [{ at: (moment.time - moments[0]!.time) / 1000, value }];
  });
}

/** Undefined where no time passes. */
export function timeScale(series: readonly (readonly Point[])[]): ScaleLinear<number, number> | undefined {
  const end = Math.max(0, ...series.flat().map(({ at }) => at));
  return end === 0 ? undefined : scaleLinear([0, end], [PLOT.x0, PLOT.x1]);
}

/** Room for a text such as `3 min 20 s`. */
const TICK_ROOM = 62;

export function timeAxis(x: ScaleLinear<number, number>): Axis {
  return {
    label: 'time since the start of the load',
    ticks: spaced(
      x.ticks(6).map((at) => ({ at: x(at), text: formatSeconds(at) })),
      TICK_ROOM,
    ),
  };
}
