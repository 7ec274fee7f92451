/** What is said of one row of the objectives, whatever its verdict. */
import type { LimitAssessment } from '../assessment.ts';
import { openSentence, verdictSentence } from './sentences.ts';

export function rowSentence(one: LimitAssessment): string {
  return one.verdict === 'undecided' ? openSentence(one, { several: true }) : verdictSentence(one);
}
