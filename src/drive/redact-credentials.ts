/** Takes the credentials of an experiment out of everything that is said of it: events, messages of its status, the record. */
import type { Experiment, ExperimentStatus } from '../experiment/experiment.ts';
import { credentialsToRedact, redactTexts } from '../text/credentials.ts';
import { redact } from '../text/redact.ts';
import type { Iter8Record } from '../judge/record/stored-record.ts';
import type { EventBody } from './events.ts';

export interface CleanTexts {
  readonly text: (text: string) => string;
  readonly event: (body: EventBody) => EventBody;
  /** Looks only at what was not in the one before. */
  readonly record: (record: Iter8Record, before: Iter8Record) => Iter8Record;
  readonly status: (status: ExperimentStatus) => ExperimentStatus;
}

/** Of all of these specs. */
export function cleanTexts(specs: readonly Experiment['spec'][]): CleanTexts {
  // A short one may be a number of any sentence; in the spec and in queries it is hidden where it stands.
  const secrets = credentialsToRedact(specs);
  const text = (dirty: string) => redact(dirty, secrets);
  return {
    text,
    // Objects are not shown, and loads hold no text of anybody else; both are frequent.
    event: (body) => (body.kind === 'object' || body.kind === 'load' ? body : redactTexts(body, secrets)),
    record: (record, before) => {
      const { recommendation, waiting } = record;
      const isNewAnswer = recommendation !== undefined && recommendation !== before.recommendation;
      const isNewQuestion = waiting?.message !== undefined && waiting !== before.waiting;
      if (!isNewAnswer && !isNewQuestion) return record;
      return {
        ...record,
        ...(isNewAnswer ? { recommendation: redactTexts(recommendation, secrets) } : {}),
        ...(isNewQuestion ? { waiting: { ...waiting, message: text(waiting.message) } } : {}),
      };
    },
    status: (status) => ({
      ...status,
      ...(status.message === undefined ? {} : { message: text(status.message) }),
      ...(status.conditions === undefined
        ? {}
        : {
            conditions: status.conditions.map((condition) =>
              condition.message === undefined ? condition : { ...condition, message: text(condition.message) },
            ),
          }),
    }),
  };
}
