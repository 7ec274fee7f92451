import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fillPlaceholders, placeholderProblem, type PlaceholderScope } from '../../src/expressions/placeholders.ts';
import { Iter8Error } from '../../src/errors.ts';
import { runs } from '../support/search-depth.ts';

const scope: PlaceholderScope = {
  experiment: {
    metadata: { name: 'h1', namespace: 'shop', labels: { 'a.b/c': 'x' } },
    spec: {
      duration: { intervalSeconds: 1 },
      versionInfo: { baseline: { name: 'base' }, candidates: [{ name: 'cand' }] },
    },
    status: {
      stage: 'Finishing',
      completedIterations: 2,
      message: 'a "quoted" <message>',
      conditions: [{ type: 'Completed', reason: 'ExperimentCompleted' }],
      analysis: { winnerAssessment: { data: { winnerFound: true, winner: 'cand' } }, weights: { data: [] } },
    },
  },
  secret: { token: 's3cr3t', username: 'me' },
  winnerFound: true,
  candidateWon: false,
};

const fill = (text: string) => fillPlaceholders(text, scope);

describe('placeholders', () => {
  it.each([
    ['no placeholder', 'no placeholder'],
    ['name=@< .this.metadata.name >@!', 'name=h1!'],
    ['@<.Name>@ @< .Namespace >@', 'h1 shop'],
    ['@< .Spec.VersionInfo.Baseline.Name >@', 'base'],
    ['@< .Status.Stage >@ @< .Status.CompletedIterations >@', 'Finishing 2'],
    ['@< .WinnerFound >@ @< .CandidateWon >@', 'true false'],
    ['@< .secret.token >@ @< .Secret "token" >@ @< .Secret `username` >@', 's3cr3t s3cr3t me'],
    ['@< .this.status.analysis.winnerAssessment.data.winnerFound >@', 'true'],
    ['@< .this.spec.duration >@', '{"intervalSeconds":1}'],
    ['@< .Status.Analysis.Weights.Data >@', '[]'],
    ['@< .this.status.message >@', 'a "quoted" <message>'], // 0.7 escaped it as if it were HTML
    ['@< (index .Status.Conditions 0).Reason >@', 'ExperimentCompleted'], // recorded in p1-two-collects
    ['@< index .this.metadata.labels "a.b/c" >@', 'x'],
    ['@< index .Spec.VersionInfo.Candidates 0 >@', '{"name":"cand"}'],
    ['plain @< if .this.status >@yes@< end >@', 'plain yes'], // recorded in h1-finish
    ['@< if .CandidateWon >@won@< else >@lost@< end >@', 'lost'],
    ['@< if .this.status.nothing >@a@< else >@@< if .WinnerFound >@b@< end >@@< end >@', 'b'],
    ['a  @<- .Name ->@  b', 'ah1b'],
    ['a @</* a comment */>@ b', 'a  b'],
    ['@< "text" >@ @< 5 >@ @< true >@', 'text 5 true'],
    ['{{ .Name }} $(x) ${y}', '{{ .Name }} $(x) ${y}'],
  ])('%s becomes %s', (text, filled) => {
    expect(fill(text)).toBe(filled);
    expect(placeholderProblem(text)).toBeUndefined();
  });

  it.each([
    ['@< .this.status.nothing >@', 'there is no such value'],
    ['@< .Nothing >@', 'there is no such value'],
    ['@< .this.constructor >@', 'there is no such value'],
    ['@< .secret.password >@', 'the secret has no field password'],
    ['@< .secret >@', 'name one of its fields'],
    ['@< .Secret >@', 'takes one name in quotes'],
    ['@< .secret.constructor >@', 'the secret has no field constructor'],
    ['@< .Name "x" >@', 'takes no arguments'],
  ])('%s is an error', (text, reason) => {
    expect(() => fill(text)).toThrow(Iter8Error);
    expect(() => fill(text)).toThrow(reason);
    expect(placeholderProblem(text)).toBeUndefined();
  });

  it.each([
    ['a @< .Name', '@< without >@'],
    ['@< >@', 'it is empty'],
    ['@< .Name | printf >@', 'cannot read | printf'],
    ['@< range .x >@a@< end >@', 'range is not supported; use paths, index and if'],
    ['@< printf "x" >@', 'unknown function printf'],
    ['@< if .x >@a', 'there is no @< end >@'],
    ['@< end >@', 'there is no if before it'],
    ['@< (index .x 0 >@', 'there is no ) to a ('],
    ['@< .x ) >@', 'there is a ) without a ('],
    ['@< "a\\q" >@', 'cannot read "a\\q"'],
    ['@< .a..b >@', 'cannot read ..b'],
    ['@< \u001b >@', 'cannot read \\x1b'],
  ])('%s is refused as it is written', (text, reason) => {
    expect(placeholderProblem(text)).toContain(reason);
    expect(() => fill(text)).toThrow(Iter8Error);
  });

  it('without a secret says so', () => {
    expect(() => fillPlaceholders('@< .secret.token >@', { ...scope, secret: undefined })).toThrow(
      'the task names no secret',
    );
  });

  it('hand each value over with its placeholder', () => {
    const seen: string[] = [];
    fillPlaceholders('a @< .Name >@ b @< if true >@c @< .Namespace >@@< end >@', scope, (value, source) => {
      seen.push(source);
      return value.toUpperCase();
    });
    expect(seen).toEqual(['.Name', '.Namespace']);
  });

  it('never throw anything else, and leave other text alone', () => {
    const soup = fc
      .array(
        fc.constantFrom(
          '@<',
          '>@',
          ' ',
          '.Name',
          '.',
          '"a"',
          'if',
          'end',
          'else',
          '(',
          ')',
          'index',
          '0',
          '/*',
          '*/',
          '-',
          'x',
          '`',
        ),
      )
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.oneof(fc.string(), soup), (text) => {
        try {
          const filled = fill(text);
          if (!text.includes('@<')) expect(filled).toBe(text);
        } catch (error) {
          expect(error).toBeInstanceOf(Iter8Error);
        }
      }),
      { numRuns: runs(1000) },
    );
  });
});
