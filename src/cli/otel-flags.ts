/** What `install` takes for OpenTelemetry: variables of the controller's environment, and the Secret that has its headers. */
import { otlpSettings } from '../adapters/telemetry/otlp-settings.ts';
import { OTEL_VARIABLES } from '../adapters/telemetry/otel-variables.ts';
import { UsageError } from '../errors.ts';
import type { OtelOptions } from '../install/deployment.ts';

export interface OtelFlags {
  /** `NAME=VALUE`. */
  readonly otel?: readonly string[] | undefined;
  readonly otelHeadersSecret?: string | undefined;
}

/** Undefined: nothing is pushed. @throws UsageError with all that is wrong; a value may be a secret, and is not repeated */
export function otelOptions({ otel = [], otelHeadersSecret: headersSecret }: OtelFlags): OtelOptions | undefined {
  if (otel.length === 0 && headersSecret === undefined) return undefined;
  const variables: Record<string, string> = {};
  const problems: string[] = [];
  for (const pair of otel) {
    const [, name = '', value = ''] = /^([^=]*)=(.*)$/s.exec(pair) ?? [undefined, pair];
    const problem = name in variables ? 'is there twice' : problemOf(name, value);
    if (problem === undefined) variables[name] = value;
    else problems.push(`${name}: ${problem}`);
  }
  if (problems.length > 0) throw new UsageError('--otel NAME=VALUE cannot be taken as it is', { details: problems });
  const settings = otlpSettings(variables);
  if (settings === undefined)
    throw new UsageError('nothing would be pushed: no OTEL_EXPORTER_OTLP_ENDPOINT is given', {
      hint: 'for example --otel OTEL_EXPORTER_OTLP_ENDPOINT=http://collector.monitoring:4318',
    });
  if ('problem' in settings) throw new UsageError(`--otel: ${settings.problem}`);
  return { variables, headersSecret };
}

function problemOf(name: string, value: string): string | undefined {
  if (name.endsWith('_HEADERS'))
    return 'everybody who may see the Deployment would read it: put it into a Secret (--otel-headers-secret)';
  if (!OTEL_VARIABLES.includes(name)) return `expected one of ${OTEL_VARIABLES.join(', ')}`;
  if (value === '') return 'expected a value';
  if (name.endsWith('_ENDPOINT') && !isPlainAddress(value))
    return 'expected an address such as http://collector.monitoring:4318, without a password';
  return undefined;
}

function isPlainAddress(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return (
    url !== undefined && /^https?:$/.test(url.protocol) && [url.username, url.password, url.search].join('') === ''
  );
}
