import { describe, expect, it } from 'vitest';
import { crds } from '../../src/install/crds.ts';

interface Crd {
  readonly spec: {
    readonly versions: readonly { additionalPrinterColumns: { name: string; jsonPath: string; priority?: number }[] }[];
  };
}

describe('columns of kubectl get experiments', () => {
  it('are those of Iter8 0.7, then the recommendation, without -o wide', () => {
    const { additionalPrinterColumns } = (crds()[0]!.object as unknown as Crd).spec.versions[0]!;
    const shown = additionalPrinterColumns.filter(({ priority = 0 }) => priority === 0).map(({ name }) => name);
    expect(shown).toEqual(['type', 'target', 'stage', 'completed iterations', 'message', 'recommendation']);
  });
});

it('says nothing of metadata, which an API server refuses', () => {
  for (const { object } of crds()) {
    if (object.kind !== 'CustomResourceDefinition') continue;
    const { versions } = (
      object as unknown as {
        spec: { versions: { schema: { openAPIV3Schema: { properties: { metadata: unknown } } } }[] };
      }
    ).spec;
    for (const { schema } of versions) expect(schema.openAPIV3Schema.properties.metadata).toEqual({ type: 'object' });
  }
});
