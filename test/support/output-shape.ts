/** Outputs for programs that a test makes: each has to be what its JSON Schema says, and to have nothing besides. */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { OUTPUT_VERSION } from '../../src/report/json-text.ts';
import { jsonSchema, type Form, type Output } from './reference/output-schemas/output-schemas.ts';

const compiled = new Map<string, ValidateFunction>();

/** What is wrong with it; empty when nothing is. */
export function schemaErrors(name: Output, value: unknown, form: Form = 'closed'): string[] {
  const key = `${form} ${name}`;
  const validate = compiled.get(key) ?? new Ajv2020({ strict: true }).compile(jsonSchema(name, form));
  compiled.set(key, validate);
  if (validate(value)) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath}: ${message} ${JSON.stringify(params)}`,
  );
}

interface Printed {
  readonly apiVersion?: unknown;
  readonly kind?: unknown;
}

/** What others than events are printed as. */
const OF_KIND: Readonly<Record<string, Output>> = {
  ExperimentView: 'experiment-view',
  ExperimentViewList: 'experiment-view-list',
  Plan: 'plan',
  Explanation: 'explanation',
  Story: 'story',
  RunComparison: 'run-comparison',
  SelfComparison: 'self-comparison',
  Assertion: 'assertion',
  Verdict: 'verdict',
  Error: 'api-error',
};

/** @throws Error when a text, or a line of it, is an output of ours and not what its schema says */
export function checkOutputs(text: string): void {
  if (!text.includes(OUTPUT_VERSION)) return;
  const whole = parsed(text);
  for (const one of whole === undefined ? text.split('\n').map(parsed) : [whole]) {
    if (one?.apiVersion !== OUTPUT_VERSION) continue;
    const errors = schemaErrors(OF_KIND[String(one.kind)] ?? 'event', one);
    if (errors.length > 0)
      throw new Error(
        `not as its schema in test/support/reference/output-schemas says:\n${errors.join('\n')}\n${text}`,
      );
  }
}

function parsed(text: string): Printed | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    return JSON.parse(text) as Printed;
  } catch {
    return undefined;
  }
}
