/**
 * Templates of the Helm chart in deploy/chart, made of what `iter8ctl install` makes: the same objects, with values where install
 * has flags.
 */
import { writeYaml } from '../../../src/adapters/manifest/write-yaml.ts';
import type { InstallObject } from '../../../src/install/install-object.ts';
import { installObjects } from '../../../src/install/manifests.ts';

/** Stand for values until the YAML is written. */
const IMAGE = 'XIMAGEX';
const SCRIPT_IMAGE = 'XSCRIPTIMAGEX';
const REPLICAS = 987_654;
const VALUES: Readonly<Record<string, string>> = {
  [IMAGE]: '{{ .Values.controller.image | quote }}',
  [SCRIPT_IMAGE]: '{{ .Values.controller.scriptImage | default .Values.controller.image | quote }}',
  [String(REPLICAS)]: '{{ .Values.controller.replicas }}',
  'app.kubernetes.io/managed-by: iter8ctl': 'app.kubernetes.io/managed-by: {{ .Release.Service }}',
};

/** Removing a release must not remove every experiment with all that it measured, nor what others keep in the namespace. */
const KEPT = new Set(['CustomResourceDefinition', 'Namespace']);

const HEAD = '{{- /* Made by npm run docs from what iter8ctl install makes. */ -}}\n';

/** By path in the repository. */
export function chartTemplates(): Readonly<Record<string, string>> {
  const alone = installObjects();
  const [plain, withScripts] = [false, true].map((allowScripts) =>
    installObjects({ image: IMAGE, replicas: REPLICAS, allowScripts, scriptImage: SCRIPT_IMAGE }).slice(alone.length),
  ) as [InstallObject[], InstallObject[]];
  const of = (kind: string) => alone.filter(({ object }) => object.kind === kind).map(documentOf);
  const roles = alone.filter(({ object }) => !KEPT.has(object.kind)).map(documentOf);
  const controller = plain.map((one, at) => {
    const [without, scripts] = [documentOf(one), documentOf(withScripts[at]!)];
    return without === scripts
      ? without
      : `{{- if .Values.controller.allowScripts }}\n${scripts}{{- else }}\n${without}{{- end }}\n`;
  });
  const files = {
    'crds.yaml': of('CustomResourceDefinition').join(''),
    'namespace.yaml': `{{- if .Values.createNamespace }}\n${of('Namespace').join('')}{{- end }}\n`,
    'roles.yaml': roles.join(''),
    'controller.yaml': `{{- if .Values.controller.image }}\n${controller.join('')}{{- end }}\n`,
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
