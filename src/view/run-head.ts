/** What a run that is compared is, as data to be shown, and as texts. */
import type { MeasuredRun } from '../judge/runs/measured-run.ts';
import { requestRate } from '../judge/runs/throughput.ts';
import { formatCount, formatCounted, formatLimit, formatRate, formatSeconds } from '../text/units.ts';

export interface RunHead extends Pick<MeasuredRun, 'latency' | 'timeoutMs' | 'missing' | 'tool' | 'isSaturated'> {
  /** As it was named. */
  readonly name: string;
  /** Absent: what was named has one version, and no name for it. */
  readonly version?: string | undefined;
  readonly requests: number;
  /** 0 where it is not known. */
  readonly seconds: number;
}

export interface NamedRun {
  readonly name: string;
  readonly version?: string | undefined;
  readonly run: MeasuredRun;
}

export function headOf({ name, version, run }: NamedRun): RunHead {
  const { tool, seconds, tally, latency, timeoutMs, missing, isSaturated } = run;
  return {
    name,
    ...(version === undefined ? {} : { version }),
    ...(tool === undefined ? {} : { tool }),
    requests: tally.response.n,
    seconds,
    latency,
    timeoutMs,
    missing,
    isSaturated,
  };
}

/** `before.json (vegeta, JSON)`, `hello, v1`. */
export function nameText({ name, version, tool }: RunHead): string {
  return `${name}${version === undefined ? '' : `, ${version}`}${tool === undefined ? '' : ` (${tool})`}`;
}

/** `12,000 requests in 1 min, 200/s`. */
export function loadText({ requests, seconds }: RunHead): string {
  const counted = formatCounted(requests, 'request');
  const rate = requestRate({ requests, seconds });
  return rate === undefined ? counted : `${counted} in ${formatSeconds(seconds)}, ${formatRate(rate)}`;
}

const LATENCY = {
  'closed-model': 'when a request was sent, after others were answered',
  'unknown-model': 'when a request was sent; whether it waited for others is not known',
} as const;

function latencyText({ latency, tool }: RunHead): string {
  if (latency !== 'due') return LATENCY[latency];
  return tool === undefined ? 'when a request was due' : 'when a request was sent, at a rate';
}

const MISSING = {
  'failures-missing': 'those that failed without an answer',
  'unfinished-missing': 'those that had not ended',
} as const;

/** Label and text, the same labels for every run; without what is the same of both halves of one run. */
export function measuredTexts(head: RunHead): (readonly [label: string, text: string])[] {
  const { requests, seconds, timeoutMs, version, tool, name } = head;
  const rate = requestRate({ requests, seconds });
  return [
    ['Name', name],
    ['Version', version ?? '-'],
    ['Measured by', tool ?? 'iter8ctl'],
    ['Requests', formatCount(requests)],
    ['Time', seconds > 0 ? formatSeconds(seconds) : 'not known'],
    ['Rate', rate === undefined ? 'not known' : formatRate(rate)],
    ['Latencies count from', latencyText(head)],
    ['Answers were waited for', timeoutMs === undefined ? 'not known' : formatLimit(timeoutMs, 'ms')],
  ];
}

/** Whether our own generator sent them in time. */
export const generatorText = ({ isSaturated, tool }: RunHead): string =>
  tool === undefined ? (isSaturated ? 'could not keep up' : 'kept up') : '-';

/** Which requests may not be in it. */
export const missingText = ({ missing }: RunHead): string => (missing === undefined ? 'none' : MISSING[missing]);
