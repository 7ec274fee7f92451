import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { conditionProblem, evaluateCondition } from '../../src/expressions/if-condition.ts';
import { Iter8Error } from '../../src/errors.ts';
import { runs } from '../support/search-depth.ts';

const experiment = {
  apiVersion: 'iter8.tools/v2alpha2',
  kind: 'Experiment',
  metadata: { name: 'hello', namespace: 'shop', labels: { team: 'a' } },
  spec: {
    target: 'hello',
    versionInfo: { baseline: { name: 'v1' }, candidates: [{ name: 'v2' }] },
    criteria: { objectives: [{ metric: 'm', rollback_on_failure: true }] },
  },
  status: {
    stage: 'Finishing',
    completedIterations: 3,
    analysis: { winnerAssessment: { data: { winnerFound: true, winner: 'v2' } } },
  },
};
const functions = { CandidateWon: () => true, WinnerFound: () => true };
const lost = { CandidateWon: () => false, WinnerFound: () => true };

describe('conditions', () => {
  it.each([
    ['CandidateWon()', true],
    ['not CandidateWon()', false],
    ['!CandidateWon()', false],
    ['not not CandidateWon()', true],
    ['CandidateWon() && WinnerFound()', true],
    ['WinnerFound() && Status.Stage != nil && !(Status.Analysis == nil)', true], // recorded in h1-finish
    ['Status.Analysis != nil', true],
    ['Status.Analysis.WinnerAssessment.Data.WinnerFound', true],
    ['Status.Analysis.WinnerAssessment.Data.Winner == "v2"', true],
    ["Status.Stage == 'Finishing'", true],
    ['Status["stage"] == "Finishing"', true],
    ['Status.CompletedIterations + 1 == 4', true],
    ['Status.CompletedIterations >= 3 and Status.CompletedIterations < 4', true],
    ['Status.Nothing == nil', true],
    ['Status?.Nothing?.More == nil', true],
    ['Name == "hello" and Namespace == "shop"', true],
    ['ObjectMeta.Name == "hello"', true],
    ['Labels.team == "a"', true],
    ['metadata.labels["team"] == "b"', false],
    ['Spec.VersionInfo.Candidates[0].Name == "v2"', true],
    ['Spec.VersionInfo.Candidates[-1].Name == "v2"', true],
    ['len(Spec.VersionInfo.Candidates) == 1', true],
    ['Spec.Criteria.Objectives[0].RollbackOnFailure', true],
    ['Spec.Target in ["hello", "other"]', true],
    ['Spec.Target not in ["hello"]', false],
    ['"team" in Labels', true],
    ['Spec.Target startsWith "he" and Spec.Target endsWith "lo" and Spec.Target contains "ell"', true],
    ['Spec.Target matches "^h.*o$"', true],
    ['CandidateWon() ? Status.Stage == "x" : true', false],
    ['-Status.CompletedIterations == 0 - 3', true],
    ['2 + 3 * 4 == 14', true],
    ['true or nil.x', true], // what decides comes first
    ['false and nil.x', false],
  ])('%s is %s', (text, result) => {
    expect(evaluateCondition(text, experiment, functions)).toBe(result);
    expect(conditionProblem(text)).toBeUndefined();
  });

  // expr binds `not` tighter than `==` and `and`; a library that did not made `not F and F` true
  it.each([
    ['not CandidateWon() and CandidateWon()', false],
    ['not (CandidateWon() and WinnerFound())', true],
    ['CandidateWon() or WinnerFound() and not WinnerFound()', false],
    ['WinnerFound() or WinnerFound() and CandidateWon()', true],
    ['not CandidateWon() == true', true],
    ['1 < 2 == true', true],
  ])('%s is %s', (text, result) => {
    expect(evaluateCondition(text, experiment, lost)).toBe(result);
  });

  it.each([
    ['', 'it is empty'],
    ['CandidatWon()', 'unknown function CandidatWon; did you mean CandidateWon?'],
    ['CandidateWon', 'call CandidateWon as CandidateWon()'],
    ['CandidateWon(1)', 'CandidateWon takes no arguments'],
    ['candidate', 'unknown name candidate'],
    ['Statuss.Stage == nil', 'unknown name Statuss; did you mean Status?'],
    ['CandidateWon() WinnerFound()', 'expected one condition, got several things in a row'],
    ['CandidateWon(); WinnerFound()', 'expected one condition, got several things in a row'],
    ['((', 'unclosed ('],
    ['a = 1', ''],
    ['this', 'no part of a condition'],
    ['Status.constructor.constructor("x")()', 'only functions can be called'],
    ['constructor', 'unknown name constructor'],
    ['"".constructor', undefined],
    ['CandidateWon() | true', ''],
    ['[,1] == nil', ''],
    ['`x`', ''],
    [`${'not '.repeat(600)}CandidateWon()`, 'it is longer than 2000 characters'],
  ])('%s is refused as it is written', (text, reason) => {
    const problem = conditionProblem(text);
    if (reason === undefined) expect(problem).toBeUndefined();
    else expect(problem).toContain(reason);
  });

  it.each([
    ['Status.Stage', 'it is a text, expected true or false'],
    ['nil', 'it is nil, expected true or false'],
    ['Status.Stage and true', 'and takes true or false, got a text'],
    ['not Status.Stage', 'not takes true or false, got a text'],
    ['Status.Nothing.More == nil', 'there is no More in nil'],
    ['Status.Stage < 3', '< takes two numbers or two texts'],
    ['"a" - "b" == nil', '- takes two numbers'],
    ['-Status.Stage == 1', '- takes a number, got a text'],
    ['1 in 2', 'in takes a list or an object'],
    ['Spec.Target matches "("', 'matches: the pattern is no regular expression'],
    ['len(3) == 1', 'len takes a text, a list or an object'],
  ])('%s cannot be evaluated', (text, reason) => {
    expect(() => evaluateCondition(text, experiment, functions)).toThrow(Iter8Error);
    expect(() => evaluateCondition(text, experiment, functions)).toThrow(reason);
  });

  it.each([
    'Status.constructor',
    'Status.__proto__',
    'Status["__proto__"]',
    'Status["toString"]',
    'Spec.VersionInfo.Candidates.length',
    '"".length',
  ])('%s is not there: own fields only', (text) => {
    expect(evaluateCondition(`${text} == nil`, experiment, functions)).toBe(true);
  });

  // A pattern comes from an object; this one would take longer than the age of the universe.
  it('ends a pattern that takes too long', () => {
    const target = { spec: { target: `${'a'.repeat(60)}b` } };
    expect(() => evaluateCondition('Spec.Target matches "^(a+)+$"', target, functions)).toThrow(
      'the pattern takes longer than 1000 ms',
    );
  });

  it('makes control characters in messages visible', () => {
    expect(conditionProblem('\u001b[31m')).not.toContain('\u001b');
  });

  it('never throws anything else, whatever the text', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc
            .array(
              fc.constantFrom(
                'CandidateWon()',
                'Status',
                '.Stage',
                '==',
                'nil',
                'not ',
                ' and ',
                '(',
                ')',
                '[0]',
                '"a"',
                '1',
                ' in ',
              ),
            )
            .map((parts) => parts.join('')),
        ),
        (text) => {
          try {
            expect(typeof evaluateCondition(text, experiment, functions)).toBe('boolean');
          } catch (error) {
            expect(error).toBeInstanceOf(Iter8Error);
          }
        },
      ),
      { numRuns: runs(1000) },
    );
  });
});
