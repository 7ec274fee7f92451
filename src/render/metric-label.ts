/** Names of metrics in narrow columns. */
import { cutMiddle, displayWidth } from '../text/width.ts';

const PERCENTILE = /^latency-([\d.]+)(?:st|nd|rd|th)-percentile(?=$|\/)/;

/** `p99.5` of `latency-99.5th-percentile`, as `--slo` takes it, before anything is cut. */
export function metricLabel(name: string, columns: number): string {
  return displayWidth(name) <= columns ? name : cutMiddle(name.replace(PERCENTILE, 'p$1'), columns);
}
