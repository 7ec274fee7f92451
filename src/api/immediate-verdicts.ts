/** Verdicts of `POST .../verdicts`: a request is checked, its metrics are asked once, and what they say is judged. See docs/api.md. */
import { parseVerdictRequest, type AskedVerdict } from '../experiment/verdict-request.ts';
import type { MetricSource } from '../drive/ports.ts';
import { timeLimit, type Clock } from '../io.ts';
import { checkExperiment } from '../validation/validate.ts';
import { checkMetric } from '../validation/rules/all-rules.ts';
import { experimentView } from '../view/experiment-view.ts';
import { busy, issueText, RefusedError } from './answer.ts';
import { judgeWindow } from './judge-window.ts';
import { verdictJson } from './verdict-view.ts';

export interface VerdictPorts {
  readonly metrics: MetricSource;
  readonly clock: Clock;
  /** Which Prometheus is asked. Absent: every request is refused. */
  readonly prometheus?: string | undefined;
  readonly by: string;
}

const VERDICTS_AT_ONCE = 2;
const LONGEST_VERDICT_MS = 45_000;

export class ImmediateVerdicts {
  readonly #ports: VerdictPorts;
  #judging = 0;

  constructor(ports: VerdictPorts) {
    this.#ports = ports;
  }

  /** @throws RefusedError */
  async judge(body: unknown, namespace: string, signal: AbortSignal): Promise<ReturnType<typeof verdictJson>> {
    const { prometheus, clock, metrics, by } = this.#ports;
    if (prometheus === undefined)
      throw new RefusedError(403, 'no Prometheus may be asked through this controller: it has no --api-prometheus');
    const asked = askedVerdict(body, { namespace, prometheus });
    if (this.#judging >= VERDICTS_AT_ONCE) throw busy('too many verdicts at once');
    this.#judging += 1;
    const limit = timeLimit(clock, LONGEST_VERDICT_MS);
    try {
      const toMs = clock.now();
      const experiment = await judgeWindow(asked, {
        metrics,
        now: () => toMs,
        by,
        signal: AbortSignal.any([signal, limit.signal]),
      });
      const window = { from: new Date(toMs - asked.windowMs).toISOString(), to: new Date(toMs).toISOString() };
      return verdictJson(experimentView(experiment, toMs), window);
    } catch (error) {
      if (limit.signal.aborted && !signal.aborted)
        throw new RefusedError(504, `Prometheus did not answer all queries within ${LONGEST_VERDICT_MS / 1000} s`);
      throw error;
    } finally {
      limit.cancel();
      this.#judging -= 1;
    }
  }
}

/** @throws RefusedError with all that is wrong */
function askedVerdict(body: unknown, at: { readonly namespace: string; readonly prometheus: string }): AskedVerdict {
  const { value, issues } = parseVerdictRequest(body, at);
  const broken =
    value === undefined
      ? issues
      : [
          ...checkExperiment({ ...value.experiment, status: undefined }),
          ...value.metrics.flatMap((metric, index) =>
            checkMetric(metric).map(({ path, message }) => ({ path: `metrics[${index}].${path}`, message })),
          ),
        ];
  if (value === undefined || broken.length > 0)
    throw new RefusedError(400, 'this cannot be judged', {
      details: broken.map(({ path, message }) => issueText({ path: path.replace(/^spec\./, ''), message })),
    });
  return value;
}
