/** Pushes measured values where the environment asks for it: a collector that fails is reported once, and changes nothing else. */
import type { Measured } from '../../telemetry/families.ts';
import { redact } from '../../text/redact.ts';
import { systemReason } from '../../text/system-reasons.ts';
import { otlpSettings } from '../telemetry/otlp-settings.ts';

export interface PushOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  readonly now: () => number;
  readonly measured: () => readonly Measured[];
  readonly say: (text: string) => void;
}

/** So long may the last values take: a collector that does not answer holds up no pipeline. */
const END_MS = 3_000;

/** Undefined where nothing is to be pushed. The function sends the last values; it never fails, and ends in bounded time. */
export async function startPush(
  options: PushOptions,
  endMs: number = END_MS,
): Promise<(() => Promise<void>) | undefined> {
  const settings = otlpSettings(options.env);
  if (settings === undefined) return undefined;
  if ('problem' in settings) {
    options.say(settings.problem);
    return undefined;
  }
  let isReported = false;
  const report = (reason: string) => {
    if (!isReported) options.say(`measured values cannot be sent to ${settings.shownUrl}: ${reason}`);
    isReported = true;
  };
  const { startOtlp } = await import('../telemetry/otlp-exporter.ts');
  const end = startOtlp({
    settings,
    version: options.version,
    startedAt: options.now(),
    now: options.now,
    measured: options.measured,
    onFailure: (error, secrets) => report(redact(systemReason(error), secrets)),
  });
  return async () => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => resolve('late'), endMs);
    });
    const ended = await Promise.race([end().catch(() => undefined), late]);
    clearTimeout(timer);
    if (ended === 'late') report(`no answer within ${endMs / 1000} s`);
  };
}
