/** What is said of an experiment that waits for a person, with what they may type. Pure. */
import type { ObjectKey } from '../../experiment/experiment.ts';
import type { Waiting } from '../record/stored-record.ts';

export interface Answers {
  readonly approve: string;
  readonly reject: string;
  readonly resume: string;
}

/** Where nobody knows how it is typed here: with the namespace, and nothing else. */
export function plainAnswers({ name, namespace }: ObjectKey): Answers {
  const typed = (command: string) => `iter8ctl ${command} ${name} -n ${namespace}`;
  return { approve: typed('approve'), reject: typed('reject'), resume: typed('resume') };
}

/** `age`: `, asked 5 min ago`, or nothing. */
export function waitingSentence(wait: Waiting, { approve, reject, resume }: Answers, age = ''): string {
  if (wait.kind === 'pause')
    return `paused${wait.by === undefined ? '' : ` by ${wait.by}`}${age}; go on with: ${resume}`;
  const message = wait.message === undefined ? '' : `: ${wait.message}`;
  return `for approval at gate ${wait.task ?? ''}${age}${message}; approve with: ${approve}; reject with: ${reject}`;
}
