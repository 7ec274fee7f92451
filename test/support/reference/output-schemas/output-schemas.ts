/**
 * JSON Schemas of what is printed for programs: one definition, two forms. The published one (`schemas/`, draft 2020-12) takes
 * fields and reasons that it does not know, since a later version may add them (docs/output.md "Schemas"). The closed one is for
 * our tests: it refuses what is not described.
 */
import * as z from 'zod';
import { OUTPUT_VERSION } from '../../../../src/report/json-text.ts';
import { ndjsonEvent } from './event.ts';
import { explanation, story } from './explanation.ts';
import { experimentView, experimentViewList } from './experiment-view.ts';
import { assertion } from './assertion.ts';
import { plan } from './plan.ts';
import { runComparison } from './run-comparison.ts';
import { selfComparison } from './self-comparison.ts';
import { apiError, verdictAnswer } from './verdict.ts';

const OUTPUTS = {
  'experiment-view': {
    schema: experimentView,
    title: '-o json of describe, run, watch, replay and judge; GET of the HTTP API',
  },
  'experiment-view-list': { schema: experimentViewList, title: '-o json of get' },
  plan: { schema: plan, title: '-o json of plan' },
  explanation: { schema: explanation, title: '-o json of explain' },
  story: { schema: story, title: '-o json of debug' },
  'run-comparison': { schema: runComparison, title: '-o json of diff' },
  'self-comparison': { schema: selfComparison, title: '-o json of aa' },
  assertion: { schema: assertion, title: '-o json of assert' },
  verdict: { schema: verdictAnswer, title: 'POST .../verdicts of the HTTP API' },
  'api-error': { schema: apiError, title: 'What the HTTP API answers instead' },
  event: { schema: ndjsonEvent, title: 'A line of -o ndjson of run, watch and judge' },
} as const;

export type Output = keyof typeof OUTPUTS;
export type Form = 'published' | 'closed';
export const PUBLISHED = Object.keys(OUTPUTS) as Output[];

export function jsonSchema(name: Output, form: Form): Readonly<Record<string, unknown>> {
  const { schema, title } = OUTPUTS[name];
  const { $schema, ...rest } = z.toJSONSchema(schema, {
    // What may come in may hold more than what is described; what goes out may not.
    io: form === 'published' ? 'input' : 'output',
    override: ({ jsonSchema: part }) => {
      if (part['grows'] !== true) return;
      delete part['grows'];
      if (form === 'closed') return;
      part.examples = part.enum!;
      delete part.enum;
    },
  });
  return { $schema, title, ...rest };
}

/** By path in the repository. */
export function schemaFiles(): Readonly<Record<string, string>> {
  const [, version = ''] = OUTPUT_VERSION.split('/');
  return Object.fromEntries(
    PUBLISHED.map((name) => [
      `schemas/${version}/${name}.schema.json`,
      `${JSON.stringify(jsonSchema(name, 'published'), undefined, 2)}\n`,
    ]),
  );
}
