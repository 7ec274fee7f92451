/** Documents that are made of the program: `npm run docs` writes them, test/docs/generated.test.ts compares them. */
import { chartTemplates } from './chart-templates.ts';
import { commandsDocument } from './commands-document.ts';
import { schemaFiles } from './output-schemas/output-schemas.ts';
import { observabilityDocument } from './observability-document.ts';
import { experimentSchema } from '../../../src/experiment/experiment-schema.ts';
import { referenceDocument } from './reference-document.ts';
import { shapeSource } from './shape-of.ts';

/** Path in the repository, and the text; of Markdown before it is formatted. */
export async function generatedDocuments(): Promise<Readonly<Record<string, string>>> {
  return {
    'docs/reference.md': referenceDocument(),
    'docs/commands.md': await commandsDocument(),
    'docs/observability.md': observabilityDocument(),
    ...chartTemplates(),
    ...schemaFiles(),
  };
}

/** Sources that are made of others, before they are formatted; test/experiment/read-shape.test.ts compares them. */
export function generatedSources(): Readonly<Record<string, string>> {
  return { 'src/experiment/experiment-shape.ts': shapeSource(experimentSchema) };
}
