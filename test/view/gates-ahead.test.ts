/** What `plan` says of gates. */
import { expect, it } from 'vitest';
import { withDefaults } from '../../src/experiment/defaults.ts';
import { gatesAhead } from '../../src/view/gates-ahead.ts';
import { gateLines } from '../../src/render/plan.ts';
import { canary, withWeights } from '../support/driving.ts';

it('names every gate, what it asks, and whether the full weight waits for it', () => {
  const base = canary();
  const gate = { task: 'gate', with: { message: 'All of it?', timeout: '2h' } };
  const experiment = withDefaults(
    {
      ...base,
      spec: {
        ...base.spec,
        strategy: {
          testingPattern: 'Canary',
          deploymentPattern: 'Progressive',
          actions: {
            start: [{ run: 'true' }, { task: 'gate' }],
            loop: [{ ...gate, if: 'CandidateWon()' }],
            finish: [gate, { task: 'gate' }, { run: 'true' }, gate],
          },
        },
        versionInfo: withWeights('old', 'new'),
      },
    },
    { namespace: 'default' },
  );
  expect(gateLines(gatesAhead(experiment), 200)).toEqual([
    'waits for approval of start/1, at most 24 h',
    'waits for approval of loop/0, after each loop, if CandidateWon(), at most 2 h: All of it?',
    'waits for approval of finish/0, at most 2 h; the full weight waits for it, too: All of it?',
    'waits for approval of finish/1, at most 24 h; the full weight waits for it, too',
    'waits for approval of finish/3, at most 2 h: All of it?',
  ]);
});
