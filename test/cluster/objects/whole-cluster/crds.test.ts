/** Our CRDs against those that Iter8 0.7 installed: never stricter, the same columns. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { readManifest } from '../../../../src/adapters/manifest/parse-documents.ts';
import { crds } from '../../../../src/install/crds.ts';
import {
  describeCluster,
  describeWithOldCrds,
  freshNamespace,
  iter8ctlProcess,
  kubectl,
  OLD_CRDS,
  OUR_CRDS,
  replaceCrds,
  tryKubectl,
} from '../../../support/cluster.ts';
import { SAMPLES } from '../../../support/others-samples.ts';

interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly pattern?: string;
  readonly format?: string;
  readonly [extension: `x-${string}`]: unknown;
}

const KEEPS = 'x-kubernetes-preserve-unknown-fields';

/** Sentences about everything that the old schema accepts or keeps, and the new one does not. */
function stricter(old: Schema, own: Schema | undefined, at: string): string[] {
  if (own === undefined) return [`${at} is not kept`];
  if (own[KEEPS] === true && own.properties === undefined) return [];
  const found: string[] = [];
  const bounds = ['minimum', 'minLength'] as const;
  if (own.type !== undefined && old.type !== own.type && !(own.type === 'number' && old.type === 'integer'))
    found.push(`${at}: type ${own.type}, was ${old.type}`);
  if (old[KEEPS] === true && own[KEEPS] !== true) found.push(`${at} loses unknown fields`);
  for (const name of own.required ?? [])
    if (!(old.required ?? []).includes(name)) found.push(`${at}.${name} is required`);
  if (own.enum !== undefined && !(old.enum ?? ['anything']).every((value) => own.enum!.includes(value)))
    found.push(`${at}: fewer values`);
  for (const bound of bounds)
    if ((own[bound] ?? -Infinity) > (old[bound] ?? -Infinity)) found.push(`${at}: ${bound} ${own[bound]}`);
  if ((own.maximum ?? Infinity) < (old.maximum ?? Infinity)) found.push(`${at}: maximum ${own.maximum}`);
  if (own.pattern !== undefined && own.pattern !== old.pattern) found.push(`${at}: another pattern`);
  if (own.format !== undefined && own.format !== old.format) found.push(`${at}: format ${own.format}`);
  for (const [name, schema] of Object.entries(old.properties ?? {}))
    found.push(...stricter(schema, own.properties?.[name], `${at}.${name}`));
  if (old.items !== undefined) found.push(...stricter(old.items, own.items, `${at}[]`));
  if (old.additionalProperties !== undefined)
    found.push(...stricter(old.additionalProperties, own.additionalProperties, `${at}.*`));
  return found;
}

interface Version {
  readonly schema: { readonly openAPIV3Schema: Schema };
  readonly additionalPrinterColumns: readonly {
    readonly priority?: number;
    readonly name: string;
    readonly jsonPath: string;
    readonly type: string;
  }[];
  readonly subresources?: object;
}

const versionOf = (crd: unknown) => (crd as { spec: { versions: readonly Version[] } }).spec.versions[0]!;

describeWithOldCrds('our CRDs, beside those of Iter8 0.7', () => {
  beforeAll(() => replaceCrds(OUR_CRDS));

  it.each([0, 1])('accept and keep whatever those of Iter8 0.7 do (%i)', async (index) => {
    const old = versionOf(
      JSON.parse(await kubectl(['create', '--dry-run=client', '-o', 'json', '-f', OLD_CRDS[index]!])),
    );
    const own = versionOf(crds()[index]!.object);
    expect(stricter(old.schema.openAPIV3Schema, own.schema.openAPIV3Schema, '')).toEqual([]);
    const columns = own.additionalPrinterColumns;
    expect(columns.slice(0, old.additionalPrinterColumns.length)).toEqual(old.additionalPrinterColumns);
    expect(own.subresources?.hasOwnProperty('status') ?? false).toBe(
      old.subresources?.hasOwnProperty('status') ?? false,
    );
  });

  it('are seen to differ when one is stricter', async () => {
    const own = structuredClone(versionOf(crds()[0]!.object).schema.openAPIV3Schema) as {
      properties: { spec: { required: string[] } };
    };
    own.properties.spec.required.push('criteria');
    const old = versionOf(JSON.parse(await kubectl(['create', '--dry-run=client', '-o', 'json', '-f', OLD_CRDS[0]!])));
    expect(stricter(old.schema.openAPIV3Schema, own as Schema, '')).toEqual(['.spec.criteria is required']);
  });

  it('take every experiment and metric of the documentation of Iter8 0.7', async () => {
    const files = readdirSync(SAMPLES).filter((name) => name.endsWith('.yaml'));
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) {
      const namespace = await freshNamespace();
      const { objects } = readManifest(readFileSync(path.join(SAMPLES, file), 'utf8'), file);
      for (const { value } of objects) {
        if (!['Experiment', 'Metric'].includes(String(value['kind']))) continue;
        const moved = structuredClone(value) as unknown as { metadata: { namespace: string } };
        moved.metadata.namespace = namespace;
        await expect(kubectl(['create', '-f', '-'], JSON.stringify(moved)), file).resolves.toMatch(/created/);
      }
    }
  });
});

describeCluster('our CRDs', () => {
  beforeAll(() => replaceCrds(OUR_CRDS));

  it('refuse what cannot be meant, as those did', async () => {
    const namespace = await freshNamespace();
    const manifest = readFileSync(path.join(import.meta.dirname, '../../../../samples/hello/experiment.yaml'), 'utf8');
    const bad = manifest.replace('testingPattern: Conformance', 'testingPattern: Guess');
    await expect(kubectl(['create', '-n', namespace, '-f', '-'], bad)).rejects.toThrow(/Unsupported value: "Guess"/);
    expect((await tryKubectl(['explain', 'experiment.spec.criteria.objectives'])).out).toMatch(/rollback_on_failure/);
  });
});

describeCluster('install', () => {
  it('takes over no field that others have set, unless that is asked for, and says whose they are', async () => {
    await replaceCrds(OUR_CRDS);
    const role = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: 'iter8ctl-viewer', labels: { 'app.kubernetes.io/part-of': 'platform' } },
      rules: [],
    };
    const theirs = () =>
      kubectl(
        ['apply', '--server-side', '--field-manager=argocd', '--force-conflicts', '-f', '-'],
        JSON.stringify(role),
      );
    await theirs();
    const before = await kubectl(['get', 'crd,clusterrole', '-o', 'name']);
    const refused = await iter8ctlProcess(['install']);
    expect(refused).toMatchObject({ code: 7, out: '' });
    expect(refused.err).toMatch(/nothing is installed: others have set fields that install would change/);
    expect(refused.err).toMatch(/ClusterRole iter8ctl-viewer: \.metadata\.labels\S*part-of belongs to argocd/);
    expect(refused.err).toMatch(/--force-conflicts/);
    expect(await kubectl(['get', 'crd,clusterrole', '-o', 'name'])).toBe(before);
    const forced = await iter8ctlProcess(['install', '--force-conflicts']);
    expect(forced.code, forced.err).toBe(0);
    expect(forced.err).toMatch(/taken over: ClusterRole iter8ctl-viewer: .* belongs to argocd/);
    expect(await iter8ctlProcess(['install'])).toMatchObject({ code: 0 });
    expect(await iter8ctlProcess(['uninstall'])).toMatchObject({ code: 0 });
  });
});
