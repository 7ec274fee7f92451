/** The alerts of deploy/prometheus, tried by Prometheus' own tool: each fires when it should, and not before. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'vitest';
import { FAMILIES } from '../../src/telemetry/families.ts';
import { itUnless, missingProgram } from '../support/needs.ts';

const rules = path.join(import.meta.dirname, '../../deploy/prometheus/iter8ctl-alerts.yaml');
const OWN = 'namespace="shop",experiment="e"';
const labels = { namespace: 'shop', experiment: 'e' };

/** Names are those of a family, and labels are its labels: a series that we do not export would make a test of nothing. */
function series(name: string, own: string, values: string) {
  const family = [...FAMILIES.values()].find((one) => one.name === name);
  const given = [...own.matchAll(/(\w+)=/g)].map(([, label]) => label!);
  expect(family?.labels.toSorted(), name).toEqual(given.toSorted());
  return { series: `${name}{${own}}`, values };
}

itUnless(missingProgram('promtool'))('fire when they should, and not before', () => {
  const objective = { version: 'v2', objective: 'm', side: 'upper' };
  const inObjective = `${OWN},version="v2",objective="m",side="upper"`;
  const input = [
    series('iter8ctl_experiment_recommendation', `${OWN},recommendation="undecided"`, '1x300'),
    series('iter8ctl_experiment_ended', OWN, '0x150 1x150'),
    series('iter8ctl_experiment_driven', OWN, '1x10 0x300'),
    series('iter8ctl_experiment_waiting', `${OWN},reason="person"`, '0x10 1x300'),
    series('iter8ctl_experiment_waiting', `${OWN},reason="target"`, '1x300'),
    series('iter8ctl_objective_verdict', `${inObjective},verdict="violated"`, '0x10 1x300'),
    series('iter8ctl_objective_verdict', `${inObjective},verdict="satisfied"`, '1x10 0x300'),
    series('iter8ctl_leader', '', '1x200 0x100'),
    series('iter8ctl_drive_failures_total', '', '0x100 0+1x20 20x180'),
    series('iter8ctl_experiments_dropped', '', '0x100 2x200'),
  ];
  const recommendation = { recommendation: 'undecided' };
  // Alert, minute, and labels where it fires.
  const cases: readonly (readonly [string, number, object?])[] = [
    ['Iter8ExperimentUndecided', 119],
    ['Iter8ExperimentUndecided', 121, { ...labels, ...recommendation, severity: 'warning' }],
    ['Iter8ExperimentUndecided', 160],
    ['Iter8ExperimentNotDriven', 20],
    ['Iter8ExperimentNotDriven', 22, { ...labels, severity: 'warning' }],
    ['Iter8ExperimentWaitsForPerson', 70],
    ['Iter8ExperimentWaitsForPerson', 72, { ...labels, reason: 'person', severity: 'info' }],
    ['Iter8ObjectiveViolated', 10],
    ['Iter8ObjectiveViolated', 12, { ...labels, ...objective, verdict: 'violated', severity: 'warning' }],
    ['Iter8ControllerAway', 200],
    ['Iter8ControllerAway', 207, { severity: 'critical' }],
    ['Iter8DrivingFails', 100],
    ['Iter8DrivingFails', 110, { severity: 'warning' }],
    ['Iter8ExperimentsDropped', 109],
    ['Iter8ExperimentsDropped', 112, { severity: 'info' }],
  ];
  const folder = mkdtempSync(path.join(tmpdir(), 'iter8ctl-alerts-'));
  // Annotations are compared too: of alerts without them, the names and labels alone are to be seen.
  const bare = spawnSync('promtool', ['check', 'rules', rules], { encoding: 'utf8' });
  expect(bare.stdout, bare.stderr).toContain('SUCCESS: 7 rules found');
  writeFileSync(
    path.join(folder, 'test.yaml'),
    JSON.stringify({
      rule_files: [rules],
      tests: [
        {
          interval: '1m',
          input_series: input,
          promql_expr_test: cases.map(([name, minute, fires]) => ({
            expr: `count by (${Object.keys(fires ?? { severity: '' }).join(', ')}) (ALERTS{alertname="${name}",alertstate="firing"})`,
            eval_time: `${minute}m`,
            exp_samples:
              fires === undefined
                ? []
                : [
                    {
                      labels: `{${Object.entries(fires)
                        .map(([name_, value]) => `${name_}="${value}"`)
                        .join(',')}}`,
                      value: 1,
                    },
                  ],
          })),
        },
      ],
    }),
  );
  const tried = spawnSync('promtool', ['test', 'rules', path.join(folder, 'test.yaml')], { encoding: 'utf8' });
  expect(tried.status, `${tried.stdout}${tried.stderr}`).toBe(0);
});
