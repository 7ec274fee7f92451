/** The axis that charts of a run share: seconds since its first moment. */
import { scaleLinear, type ScaleLinear } from 'd3-scale';
import { formatSeconds } from '../../text/units.ts';
import type { Moment } from '../../judge/record/run-over-time.ts';
import { PLOT, type Axis } from './chart.ts';

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

const TICKS = 6;

export function timeAxis(x: ScaleLinear<number, number>): Axis {
  const ticks = x.ticks(TICKS);
  // Of a short run parts of seconds are marked, as precisely as they lie apart.
  const isPrecise = ticks.some((at) => !Number.isInteger(at));
  const part = x.tickFormat(TICKS);
  return {
    label: 'time since the start of the load',
    ticks: ticks.map((at) => ({ at: x(at), text: isPrecise ? `${part(at)} s` : formatSeconds(at) })),
  };
}
