import { describe, expect, it } from 'vitest';
import { checkExperiment as checkRules } from '../../../src/validation/rules/all-rules.ts';
import { experiment, problems, withTask, collect, TASK, type Fields } from '../../support/rule-manifests.ts';

describe('rules about tasks', () => {
  it.each<[Fields, string]>([
    [{}, `${TASK}: expected either task or run, got neither`],
    [{ task: 'common/readiness', run: 'x' }, `${TASK}: expected either task or run, got both`],
    [{ run: ' \n' }, `${TASK}.run: is empty; expected a script`],
    [{ task: 'metrics/colect' }, `${TASK}.task: unknown task "metrics/colect"; did you mean metrics/collect?`],
    [
      { task: 'knative/init-experiment' },
      `${TASK}.task: unknown task "knative/init-experiment"; there are: metrics/collect, common/readiness, notification/http, notification/slack, gate; anything else is a script under run`,
    ],
    [collect({ nunQueries: 5 }), `${TASK}.with.nunQueries: unknown input; did you mean numQueries?`],
    [{ task: 'metrics/collect' }, `${TASK}.with.versions: is missing; expected a list`],
    [
      { run: 'true', if: 'CandidatWon()' },
      `${TASK}.if: expected a condition, got "CandidatWon()": unknown function CandidatWon; did you mean CandidateWon?`,
    ],
    [{ run: 'true', if: '' }, `${TASK}.if: is empty; leave it out to run the task always`],
    [
      { run: 'curl "http://x/@< .Name >@"' },
      `${TASK}.run: placeholder @< .Name >@ stands inside quotes, with other text; write it as a word of its own, or in a line before: set -- @< .Name >@, and here "$1"`,
    ],
    // Mutation: in src/validation/rules/task-rules.ts, `syntax.waitFor?.(waitFor)` -> `undefined`
    [
      { task: 'common/readiness', with: { objRefs: [{ kind: 'pods', name: 'a', waitFor: 'available' }] } },
      `${TASK}.with.objRefs[0].waitFor: "available" cannot be read; expected condition=NAME, condition=NAME=VALUE, jsonpath={.PATH}=VALUE, create or delete`,
    ],
    [{ run: 'echo @< .Name' }, `${TASK}.run: @< .Name: @< without >@`],
    [
      { run: 'true', with: { timeout: '0s' } },
      `${TASK}.with.timeout: expected a duration above 0 such as 30s or 1m30s, got "0s"`,
    ],
    [{ run: 'true', with: { secrets: 'x' } }, `${TASK}.with.secrets: unknown input; did you mean secret?`],
    [
      { task: 'notification/http', with: { url: 'http://x/', body: '@< .secret.token >@' } },
      `${TASK}.with.body: placeholder @< .secret ... >@ needs a secret under with, got none`,
    ],
    [
      { task: 'notification/http', with: { url: 'http://x/', authType: 'Bearer' } },
      `${TASK}.with.authType: Bearer needs a secret under with, got none`,
    ],
    [
      { task: 'notification/http', with: { url: 'http://x/?v=@< .result.verdikt >@' } },
      `${TASK}.with.url: placeholder @< .result.verdikt >@: expected one of verdict, promote, undecided, headline, version, reason, reasons, text, objectives`,
    ],
    [
      { run: 'echo @< .result.verdict >@' },
      `${TASK}.run: placeholder @< .result ... >@ is for notifications; a script has ITER8_WINNER and others`,
    ],
    [
      { run: 'echo @< .Secret "token" >@' },
      `${TASK}.run: placeholder @< .Secret ... >@ needs a secret under with, got none`,
    ],
    [collect({ qps: 0, warmup: '5s' }), `${TASK}.with.warmup: expected a number of requests with qps: 0, got "5s"`],
    [
      collect({
        versions: [
          { name: 'v1', url: 'http://a/' },
          { name: 'v1', url: 'http://b/' },
        ],
      }),
      `${TASK}.with.versions[1].name: "v1" is the name of ${TASK}.with.versions[0] too; several URLs of one version go under endpoints`,
    ],
    [
      collect({
        versions: [
          {
            name: 'v1',
            endpoints: [
              { name: 'a', url: 'http://a/' },
              { name: 'a', url: 'http://b/' },
            ],
          },
        ],
      }),
      `${TASK}.with.versions[0].endpoints[1].name: "a" is the name of ${TASK}.with.versions[0].endpoints[0] too; names of endpoints must differ`,
    ],
  ])('%o is refused', (task, problem) => {
    expect(problems(withTask(task))).toEqual([problem]);
  });

  it('an action that is never performed is refused', () => {
    const strategy = {
      testingPattern: 'Canary',
      deploymentPattern: 'FixedSplit',
      actions: { finsh: [], rollback: [] },
    };
    expect(problems(experiment({ strategy }))).toEqual([
      'spec.strategy.actions.finsh: unknown action; did you mean finish?',
      'spec.strategy.actions.rollback: unknown action; there are: start, loop, finish',
    ]);
  });

  it('conditions are not parsed without a parser', () => {
    expect(checkRules(withTask({ run: 'true', if: '((' }))).toEqual([]);
  });
});
