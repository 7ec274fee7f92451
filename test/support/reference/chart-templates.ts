/**
 * Templates of the Helm chart in deploy/chart, made of what `iter8ctl install` makes: the same objects, with values where install
 * has flags.
 */
import { writeYaml } from '../../../src/adapters/manifest/write-yaml.ts';
import { objectText, type InstallObject } from '../../../src/install/install-object.ts';
import { installObjects } from '../../../src/install/manifests.ts';
import type { ControllerOptions } from '../../../src/install/deployment.ts';

/** Stand for values until the YAML is written. */
const IMAGE = 'XIMAGEX';
const SCRIPT_IMAGE = 'XSCRIPTIMAGEX';
const TLS_SECRET = 'XTLSSECRETX';
const PROMETHEUS = 'XPROMETHEUSX';
const OTEL_NAME = 'XOTELNAMEX';
const OTEL_VALUE = 'XOTELVALUEX';
const OTEL_SECRET = 'XOTELSECRETX';
const REPLICAS = 987_654;
const VALUES: Readonly<Record<string, string>> = {
  [IMAGE]: '{{ .Values.controller.image | quote }}',
  [SCRIPT_IMAGE]: '{{ .Values.controller.scriptImage | default .Values.controller.image | quote }}',
  [TLS_SECRET]: '{{ .Values.controller.api.tlsSecret | quote }}',
  [PROMETHEUS]: '{{ .Values.controller.api.prometheus | trimSuffix "/" | quote }}',
  [OTEL_NAME]: '{{ $name }}',
  [OTEL_VALUE]: '{{ $value | quote }}',
  [OTEL_SECRET]: '{{ .Values.controller.otel.headersSecret | quote }}',
  [String(REPLICAS)]: '{{ .Values.controller.replicas }}',
  'app.kubernetes.io/managed-by: iter8ctl': 'app.kubernetes.io/managed-by: {{ .Release.Service }}',
};

const API_TLS = 'if and .Values.controller.api.enabled .Values.controller.api.tlsSecret';
const API_PLAIN = 'if and .Values.controller.api.enabled (not .Values.controller.api.tlsSecret)';
const API_PROMETHEUS = 'if and .Values.controller.api.enabled .Values.controller.api.prometheus';
const OTEL_VARIABLES = 'range $name, $value := .Values.controller.otel.variables';
const OTEL_HEADERS = 'if .Values.controller.otel.headersSecret';
const OTEL_NEEDS = `{{- $variables := .Values.controller.otel.variables }}
{{- if and (or $variables .Values.controller.otel.headersSecret) (not (or $variables.OTEL_EXPORTER_OTLP_ENDPOINT $variables.OTEL_EXPORTER_OTLP_METRICS_ENDPOINT)) }}
{{- fail "controller.otel: nothing would be pushed: variables has no OTEL_EXPORTER_OTLP_ENDPOINT" }}
{{- end }}
`;
const API_NEEDS = `{{- if and .Values.controller.api.enabled (eq (empty .Values.controller.api.tlsSecret) (not .Values.controller.api.plainHttp)) }}
{{- fail "controller.api needs tlsSecret, or plainHttp where the network encrypts by itself" }}
{{- end }}
`;

/** Removing a release must not remove every experiment with all that it measured, nor what others keep in the namespace. */
const KEPT = new Set(['CustomResourceDefinition', 'Namespace']);

const HEAD = '{{- /* Made by npm run docs from what iter8ctl install makes. */ -}}\n';

/** By path in the repository. */
export function chartTemplates(): Readonly<Record<string, string>> {
  const alone = installObjects();
  const of = (kind: string) => alone.filter(({ object }) => object.kind === kind).map(documentOf);
  const roles = alone.filter(({ object }) => !KEPT.has(object.kind)).map(documentOf);
  const withOptions = (change: Partial<ControllerOptions>): ReadonlyMap<string, string> =>
    new Map(
      installObjects({ image: IMAGE, replicas: REPLICAS, allowScripts: false, scriptImage: SCRIPT_IMAGE, ...change })
        .slice(alone.length)
        .map((one) => [objectText(one), documentOf(one)]),
    );
  const plain = withOptions({});
  const api = withOptions({ api: {} });
  const options: readonly Option[] = [
    { when: 'if .Values.controller.allowScripts', on: withOptions({ allowScripts: true }), off: plain },
    { when: API_TLS, on: withOptions({ api: { tlsSecret: TLS_SECRET } }), off: plain },
    { when: API_PLAIN, on: api, off: plain },
    { when: API_PROMETHEUS, on: withOptions({ api: { prometheus: PROMETHEUS } }), off: api },
    { when: OTEL_VARIABLES, on: withOptions({ otel: { variables: { [OTEL_NAME]: OTEL_VALUE } } }), off: plain },
    { when: OTEL_HEADERS, on: withOptions({ otel: { variables: {}, headersSecret: OTEL_SECRET } }), off: plain },
  ];
  const controller = [...new Set(options.flatMap(({ on }) => [...on.keys()]))]
    .toSorted((one, other) => Number(other !== last(plain)) - Number(one !== last(plain)))
    .map((name) => withConditions(plain.get(name), name, options));
  const files = {
    'crds.yaml': of('CustomResourceDefinition').join(''),
    'namespace.yaml': `{{- if .Values.createNamespace }}\n${of('Namespace').join('')}{{- end }}\n`,
    'roles.yaml': roles.join(''),
    'controller.yaml': `{{- if .Values.controller.image }}\n${API_NEEDS}${OTEL_NEEDS}${controller.join('')}{{- end }}\n`,
  };
  return Object.fromEntries(
    Object.entries(files).map(([name, text]) => [`deploy/chart/templates/${name}`, `${HEAD}${text}`]),
  );
}

function documentOf({ object }: InstallObject): string {
  const { metadata } = object;
  const kept = KEPT.has(object.kind)
    ? { ...object, metadata: { ...metadata, annotations: { 'helm.sh/resource-policy': 'keep' } } }
    : object;
  const text = writeYaml(kept);
  if (text.includes('{{')) throw new Error(`${object.kind} ${metadata.name} has a text that Helm would read`);
  return `---\n${Object.entries(VALUES).reduce((made, [mark, value]) => made.replaceAll(mark, value), text)}`;
}

/** A value, and the documents with it and without: it only adds lines, or documents. */
interface Option {
  /** The action that they stand in: `if VALUE`, or a `range`. */
  readonly when: string;
  readonly on: ReadonlyMap<string, string>;
  readonly off: ReadonlyMap<string, string>;
}

const last = (documents: ReadonlyMap<string, string>): string | undefined => [...documents.keys()].at(-1);
const linesOf = (text: string): string[] => text.split('\n').slice(0, -1);

/** The document without any option, with the lines of each option in its condition. */
function withConditions(plain: string | undefined, name: string, options: readonly Option[]): string {
  if (plain === undefined)
    return options
      .filter(({ on, off }) => on.has(name) && !off.has(name))
      .map(({ when, on }) => `{{- ${when} }}\n${on.get(name)}{{- end }}\n`)
      .join('');
  const base = linesOf(plain);
  const added = base.map((): string[] => []);
  for (const { when, on, off } of options)
    for (const [at, lines] of addedLines(base, linesOf(off.get(name)!), linesOf(on.get(name)!)))
      added[at]!.push(`{{- ${when} }}`, ...lines, '{{- end }}');
  return `${base.flatMap((text, at) => [text, ...added[at]!]).join('\n')}\n`;
}

/** What `on` has beside `off`, by the line of `base` behind which it stands; `off` has all lines of `base`. */
function addedLines(
  base: readonly string[],
  off: readonly string[],
  on: readonly string[],
): ReadonlyMap<number, readonly string[]> {
  const found = new Map<number, string[]>();
  let [inOff, inBase] = [0, 0];
  for (const text of on) {
    if (text === off[inOff]) {
      inOff += 1;
      if (text === base[inBase]) inBase += 1;
    } else found.set(inBase - 1, [...(found.get(inBase - 1) ?? []), text]);
  }
  if (inOff < off.length || inBase < base.length) throw new Error(`an option takes lines away: ${off[inOff]}`);
  return found;
}
