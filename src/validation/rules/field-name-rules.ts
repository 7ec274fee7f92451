/** Rules about names of objects and of fields. */
import * as z from 'zod';
import '../../experiment/zod-settings.ts';
import { nearest } from '../../text/did-you-mean.ts';
import { specSchema } from '../../experiment/experiment-schema.ts';
import type { ObjectMeta } from '../../experiment/experiment.ts';
import { LABEL, LONGEST_NAME, SUBDOMAIN } from '../../experiment/object-names.ts';
import { metricSpecSchema } from '../../experiment/metric.ts';
import { child, expectedGot, type Path } from '../../experiment/schema-issues.ts';
import { issue, type Rule, type RuleIssue } from './rule.ts';

const PREFIX = /^[a-z0-9][-a-z0-9.]*$/;

/** Names as an API server takes them (RFC 1123): they are also names of files in local mode. */
export function metadataProblems({ name, generateName, namespace }: ObjectMeta): RuleIssue[] {
  const found: RuleIssue[] = [];
  const refuse = (key: string, expected: string, value: unknown) =>
    found.push(issue(['metadata', key], expectedGot(expected, value)));
  const form = 'lower-case letters, digits, dashes and dots';
  if (name === undefined && generateName === undefined) refuse('name', 'a name (or generateName)', undefined);
  if (name !== undefined && (name.length > LONGEST_NAME || !SUBDOMAIN.test(name)))
    refuse('name', `at most ${LONGEST_NAME} ${form}, with a letter or digit at both ends`, name);
  if (name === undefined && generateName !== undefined && (generateName.length > 248 || !PREFIX.test(generateName))) {
    refuse('generateName', `at most 248 ${form}, with a letter or digit in front`, generateName);
  }
  if (namespace !== undefined && !LABEL.test(namespace)) {
    refuse(
      'namespace',
      'at most 63 lower-case letters, digits and dashes, with a letter or digit at both ends',
      namespace,
    );
  }
  return found;
}

export const namesAreNames: Rule = ({ experiment }) => metadataProblems(experiment.metadata);

/** Fields that we do not know survive, but for those that are the slip of a known one: ignored, they would change the verdict. */
export const fieldsAreNotMisspelt: Rule = ({ experiment }) => misspelt(specSchema, experiment.spec, ['spec']);

/** The same for a metric. */
export function misspeltMetricFields(spec: unknown): RuleIssue[] {
  return misspelt(metricSpecSchema, spec, ['spec']);
}

function misspelt(schema: z.core.$ZodType, value: unknown, path: Path): RuleIssue[] {
  if (Array.isArray(value)) {
    return value.flatMap((item: unknown, index) => {
      const element = child(schema, index);
      return element === undefined ? [] : misspelt(element, item, [...path, index]);
    });
  }
  if (typeof value !== 'object' || value === null) return [];
  const known = schema instanceof z.ZodObject ? Object.keys(schema.shape) : undefined;
  return Object.entries(value).flatMap(([key, item]: [string, unknown]) => {
    const at = [...path, key];
    const expected = child(schema, key);
    if (expected !== undefined) return misspelt(expected, item, at);
    const suggestion = known === undefined ? undefined : nearest(key, known);
    return suggestion === undefined
      ? []
      : [{ ...issue(at, `unknown field; did you mean ${suggestion}?`), meant: [...path, suggestion] }];
  });
}
