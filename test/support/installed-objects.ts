/** What `install`, or the chart, has made in the cluster of the tests: the same either way, but for who manages it. */
import { installObjects } from '../../src/install/manifests.ts';
import { kubectl } from './cluster.ts';

const everything = installObjects({ image: 'x', replicas: 1, allowScripts: true, scriptImage: 'x' }).map(
  ({ object }) => object as { readonly kind: string; readonly metadata: { readonly name: string } },
);

export const CRD_NAMES: readonly string[] = everything
  .filter(({ kind }) => kind === 'CustomResourceDefinition')
  .map(({ metadata }) => metadata.name);

export interface InstalledObject {
  readonly kind: string;
  readonly name: string;
  /** What it asks for, without what the API server adds. */
  readonly asked: unknown;
}

/** By kind and name. Found by the label that both put on everything. */
export async function installedObjects(): Promise<InstalledObject[]> {
  const kinds = [...new Set(everything.map(({ kind }) => kind))].toSorted();
  const text = await kubectl(['get', kinds.join(','), '-A', '-l', 'app.kubernetes.io/part-of=iter8', '-o', 'json']);
  // Who manages it stands on the objects, and on the pods that they make.
  const { items } = JSON.parse(text.replaceAll(/"app\.kubernetes\.io\/managed-by": "\w+"/g, '"managed-by": ""')) as {
    readonly items: readonly Readonly<Record<string, unknown>>[];
  };
  return items
    .map((item) => {
      const { kind, metadata, apiVersion: _, status: __, ...asked } = item;
      const { name, labels } = metadata as { readonly name: string; readonly labels: object };
      return { kind: String(kind), name, asked: { ...asked, labels } };
    })
    .toSorted((one, other) => (`${one.kind}/${one.name}` < `${other.kind}/${other.name}` ? -1 : 1));
}
