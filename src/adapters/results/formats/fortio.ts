/**
 * Results of fortio: the JSON of `fortio load -json FILE`: a histogram, not single requests.
 *
 * Source: fortio v1.75.3, stats/stats.go (HistogramData: bins above Start up to End, in seconds, in which Count latencies lie) and
 * fhttp/httprunner.go (RetCodes: how many answers had a code, -1 for no answer; DurationHistogram holds failures too). Of a request
 * only its bin is known: for `satisfied` it took as long as the bin's end, for `violated` as short as its beginning. Which latencies
 * belong to requests without an answer is not known: for `satisfied` they are the shortest.
 */
import { UsageError } from '../../../errors.ts';
import { parseObject, textOf } from '../lines.ts';
import { outcomeOf, type Batch, type MeasuredRequest, type ResultFormat } from '../measured-request.ts';

const MOST_BYTES = 64 * 1024 * 1024;
const AT_ONCE = 2000;

export const fortio: ResultFormat = {
  name: 'fortio',
  title: 'fortio, JSON',
  facts: {
    model: 'closed',
    isDrained: true,
    startErrorMs: 0,
    isDated: true,
    remark:
      'fortio keeps bins, not requests: a latency counts as the end of its bin, or as its beginning, whichever helps less; an answer whose body breaks off is an answer to it, under its status or 204',
  },
  recognises: (head) => /^\s*\{\s*"RunType":/.test(head),
  read: readHistogram,
};

interface Bin {
  readonly startMs: number;
  readonly endMs: number;
  readonly count: number;
}

async function* readHistogram(chunks: AsyncIterable<Buffer>): AsyncGenerator<Batch> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > MOST_BYTES) throw new UsageError('its histogram has more than 64 MB');
    parts.push(chunk);
  }
  const run = parseObject(Buffer.concat(parts).toString('utf8'));
  const bins = binsOf(run?.['DurationHistogram']);
  const firstMs = Date.parse(run === undefined ? '' : (textOf(run, 'StartTime') ?? ''));
  if (run === undefined || bins === undefined || Number.isNaN(firstMs))
    throw new UsageError('its JSON has no StartTime and DurationHistogram as fortio writes them');
  if (run['RunType'] !== 'HTTP')
    throw new UsageError(
      `its requests were no HTTP (RunType ${JSON.stringify(run['RunType'] ?? '')}): what its codes mean is not known here`,
      {
        hint: 'judge a file of a tool that says which of them failed, such as ghz for gRPC',
      },
    );
  const total = bins.reduce((sum, { count }) => sum + count, 0);
  const codes = codesOf(run['RetCodes']);
  if (codes.reduce((sum, { count }) => sum + count, 0) !== total)
    throw new UsageError('its RetCodes do not add up to the requests of its DurationHistogram');
  const durationMs = typeof run['ActualDuration'] === 'number' ? run['ActualDuration'] / 1e6 : 0;
  let requests: MeasuredRequest[] = [];
  let k = 0;
  const next = codesInTurn(codes);
  for (const { startMs, endMs, count } of bins) {
    for (let i = 0; i < count; i++, k++) {
      const { unanswered, ...outcome } = outcomeOf(next());
      requests.push({
        // When it was sent is not known: somewhere in the run.
        startMs: firstMs + (durationMs * k) / total,
        atLeastMs: startMs,
        atMostMs: endMs,
        ...outcome,
        // How long it took is not known: it may be as short as any.
        unanswered: unanswered === false ? false : 'perhaps',
        field: () => undefined,
      });
      if (requests.length < AT_ONCE) continue;
      yield { requests, unread: [] };
      requests = [];
    }
  }
  yield { requests, unread: [] };
}

const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

function binsOf(histogram: unknown): Bin[] | undefined {
  const data = (histogram as { readonly Data?: unknown } | undefined)?.Data;
  if (!Array.isArray(data)) return undefined;
  const bins = data.map(
    (one: { readonly Start?: unknown; readonly End?: unknown; readonly Count?: unknown } | null) => ({
      startMs: Number(one?.Start) * 1000,
      endMs: Number(one?.End) * 1000,
      count: one?.Count,
    }),
  );
  const isBin = (bin: (typeof bins)[number]): bin is Bin =>
    bin.startMs >= 0 && bin.endMs >= bin.startMs && Number.isFinite(bin.endMs) && isCount(bin.count);
  return bins.every(isBin) ? bins.toSorted((a, b) => a.startMs - b.startMs) : undefined;
}

interface CodeCount {
  readonly code: string;
  readonly count: number;
}

/** Requests without an answer first: they are given the shortest latencies. */
function codesOf(codes: unknown): CodeCount[] {
  if (typeof codes !== 'object' || codes === null) return [];
  return Object.entries(codes)
    .flatMap(([code, count]) => (isCount(count) ? [{ code, count }] : []))
    .toSorted((a, b) => Number(a.code) - Number(b.code));
}

function codesInTurn(codes: readonly CodeCount[]): () => string {
  let at = 0;
  let used = 0;
  return () => {
    while (at < codes.length && used >= codes[at]!.count) {
      at += 1;
      used = 0;
    }
    used += 1;
    return codes[at]?.code ?? '';
  };
}
