/** What is made of the program says what the program says: `npm run docs` writes it. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { crds } from '../../src/install/crds.ts';
import { generatedDocuments } from '../support/reference/documents.ts';
import { fieldsOf } from '../support/reference/fields-of.ts';
import { sections } from '../support/reference/reference-document.ts';
import { objectMetaSchema } from '../../src/experiment/experiment-schema.ts';

const root = path.join(import.meta.dirname, '../..');
const written = await generatedDocuments();

/** Tables without what the formatter pads them with. */
const unpadded = (text: string) =>
  text
    .split('\n')
    .map((line) => (line.startsWith('|') ? line.replaceAll(/ +/g, ' ').replaceAll(/-{3,}/g, '---') : line))
    .join('\n');

describe.each(Object.keys(written))('%s', (file) => {
  it('is what npm run docs writes', () => {
    expect(unpadded(readFileSync(path.join(root, file), 'utf8'))).toBe(unpadded(written[file]!));
  });
});

describe.each(sections())('$title', ({ schema, descriptions, about, defaults }) => {
  const paths = fieldsOf(schema, [objectMetaSchema]).map(({ path: field }) => field);

  it('describes every field, and no other', () => {
    expect(paths.length).toBeGreaterThan(1);
    expect(
      Object.keys(descriptions)
        .filter((field) => field !== '')
        .toSorted(),
    ).toEqual(paths.toSorted());
    expect(about).toMatch(/\.$/);
    for (const text of Object.values(descriptions)) expect(text).toMatch(/^\w.*\.$/);
  });

  it('has a field for every default', () => {
    const known = Object.keys(defaults).filter((field) => defaults[field] !== undefined);
    // Settings of tasks that a task does not take (a gate is not tried again), and what follows from them.
    const settings = ['retries', 'retriesAsked', 'ignoreFailure', 'onResume', 'timeout'];
    expect(known.filter((field) => !paths.includes(field) && !settings.includes(field))).toEqual([]);
  });
});

interface Schema {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema;
}

describe('kubectl explain', () => {
  const undescribed = (schema: Schema, at: string): string[] => [
    ...(schema.description === undefined ? [at] : []),
    ...Object.entries(schema.properties ?? {}).flatMap(([key, one]) => undescribed(one, `${at}.${key}`)),
    ...[schema.items, schema.additionalProperties].flatMap((inside) =>
      Object.entries(inside?.properties ?? inside?.items?.properties ?? {}).flatMap(([key, one]) =>
        undescribed(one, `${at}[].${key}`),
      ),
    ),
  ];

  it.each(crds())('has a sentence for every field of $object.metadata.name', ({ object }) => {
    const { spec } = object as unknown as {
      spec: { versions: readonly [{ schema: { openAPIV3Schema: Schema } }] };
    };
    // An API server describes metadata itself, and refuses what says anything of it.
    expect(undescribed(spec.versions[0].schema.openAPIV3Schema, '')).toEqual(['.metadata']);
  });
});
