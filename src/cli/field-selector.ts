/** `--field-selector`, with the fields that the API server knows of an Experiment; the same in a folder. */
import { UsageError } from '../errors.ts';
import type { Experiment } from '../experiment/experiment.ts';
import { sanitizeLine } from '../text/sanitize.ts';

const FIELDS: Readonly<Record<string, (experiment: Experiment) => string>> = {
  'metadata.name': ({ metadata }) => metadata.name,
  'metadata.namespace': ({ metadata }) => metadata.namespace,
};

/** @throws UsageError when it is none */
export function fieldFilter(selector: string | undefined): (experiment: Experiment) => boolean {
  const terms = (selector ?? '')
    .split(',')
    .filter((term) => term !== '')
    .map((term) => {
      const [, name = '', sign = '', value = ''] = /^([^=!]+)(==|=|!=)([^=!]*)$/.exec(term) ?? [];
      const of = Object.hasOwn(FIELDS, name) ? FIELDS[name] : undefined;
      if (of === undefined) {
        throw new UsageError(`--field-selector ${sanitizeLine(term)}: expected FIELD=VALUE or FIELD!=VALUE`, {
          hint: `fields of experiments are ${Object.keys(FIELDS).join(' and ')}; use -l for labels`,
        });
      }
      return (experiment: Experiment) => (of(experiment) === value) === (sign !== '!=');
    });
  return (experiment) => terms.every((holds) => holds(experiment));
}
