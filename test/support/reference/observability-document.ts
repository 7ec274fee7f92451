/** docs/observability.md: what is measured is given out, made of the families that the outputs are made of. */
import { FAMILIES, type Family } from '../../../src/telemetry/families.ts';
import { MEASURED_LIMITS } from '../../../src/telemetry/measured-experiments.ts';
import { code, table } from './markdown-table.ts';

const GROUPS: readonly (readonly [title: string, prefix: RegExp])[] = [
  ['Objectives', /^iter8ctl_objective_/],
  ['Versions', /^iter8ctl_version_/],
  ['Experiments', /^iter8ctl_experiment_/],
  ['The controller, and the program', /^iter8ctl_(?!objective_|version_|experiment_)/],
];

export function observabilityDocument(): string {
  const tables = GROUPS.map(([title, prefix]) => {
    const families = [...FAMILIES.values()].filter(({ name }) => prefix.test(name));
    return `### ${title}\n\n${table(['name', 'type', 'labels', 'meaning'], families.map(rowOf))}\n`;
  });
  return `${HEAD}\n${tables.join('\n')}\n${TAIL}`;
}

const rowOf = ({ name, type, labels, help }: Family): string[] => [code(name), type, labels.map(code).join(', '), help];

const minutes = MEASURED_LIMITS.keepEndedMs / 60_000;

const HEAD = `# Measured values for Prometheus, Grafana and OpenTelemetry

(made by \`npm run docs\`; the tables are what the program gives out)

What is estimated, with its bounds, limits and verdicts, is given out while an experiment runs, for dashboards and alerts. Decide by the
exit code, the answer or a report, not by these: a scrape sees what there was some seconds ago.

## Getting them

**The controller** serves \`/metrics\` beside its health checks (\`--health-address\`; \`iter8ctl install --image\` and the chart: port 8080 of its
pods, which have the annotations \`prometheus.io/scrape\`, \`port\` and \`path\`). With the Prometheus operator:
\`helm upgrade ... --set podMonitor.enabled=true\`.

**A run** serves them as long as it runs: \`iter8ctl run ... --metrics-address 9464\`. A port alone is for this machine only;
\`--metrics-address 0.0.0.0:9464\` is for everybody who reaches it, without a password. Port 0 takes a free one, and prints it on standard error. An
address that is taken ends the command with 2 before anything is sent. Values after the last scrape of a run are lost: push them
by OTLP, or write a report.

**Format.** Prometheus' text format, or OpenMetrics for who prefers it (\`Accept\`). Values are those that were last saved: at most a second old
in a run on a folder, five on a cluster.

**Scrape with \`honor_labels: true\`** (the PodMonitor of the chart does): \`namespace\` is that of the experiment, and Prometheus would call it
\`exported_namespace\` where a target has a \`namespace\` of its own.

\`\`\`yaml
scrape_configs:
  - job_name: iter8ctl
    honor_labels: true
    static_configs: [{ targets: ["127.0.0.1:9464"] }]
\`\`\`

**By OTLP**: \`run\` and \`controller\` push the same values, under the same names, when the environment says where to. OpenTelemetry's own library
does it, and is loaded only then.

| variable                                                                                   | meaning                                                             |
| ------------------------------------------------------------------------------------------ | ------------------------------------------------------------------- |
| \`OTEL_EXPORTER_OTLP_ENDPOINT\`, or \`OTEL_EXPORTER_OTLP_METRICS_ENDPOINT\`                    | where to (the first gets \`/v1/metrics\` added)                       |
| \`OTEL_EXPORTER_OTLP_PROTOCOL\`, or \`..._METRICS_PROTOCOL\`                                   | \`http/protobuf\` (as if not set) or \`http/json\`                      |
| \`OTEL_EXPORTER_OTLP_HEADERS\`, or \`..._METRICS_HEADERS\`                                     | \`name=value,...\`, percent-encoded; never shown                      |
| \`OTEL_EXPORTER_OTLP_TIMEOUT\`, \`..._COMPRESSION\`, \`..._CERTIFICATE\`, \`..._CLIENT_KEY\`, \`..._CLIENT_CERTIFICATE\` | as the standard says; also with \`METRICS_\`                          |
| \`OTEL_METRIC_EXPORT_INTERVAL\`                                                              | ms between two pushes (60,000); the last values go at the end        |
| \`OTEL_RESOURCE_ATTRIBUTES\`, \`OTEL_SERVICE_NAME\`                                            | who sends it (\`service.name\` is \`iter8ctl\`)                         |
| \`OTEL_SDK_DISABLED=true\`, \`OTEL_METRICS_EXPORTER=none\`                                     | nothing is pushed                                                   |

A collector that cannot be reached, or refuses, is reported once on standard error (the controller logs it). It changes no answer and no exit code. At the
end a run waits three seconds for it at most. Pushes do not go through the proxy of the environment.

An installed controller is configured by \`--otel\` (chart: \`controller.otel.variables\`), with one variable each time: those of endpoint, protocol, timeout, compression,
interval, attributes and name. Headers stand in a Secret of \`iter8-system\`, under the key \`headers\`, and nowhere else:

\`\`\`bash
kubectl create secret generic otel-headers -n iter8-system --from-file=headers=headers.txt   # Authorization=Bearer%20...
iter8ctl install --image REGISTRY/iter8ctl:0.1.0 --otel-headers-secret otel-headers \\
  --otel OTEL_EXPORTER_OTLP_ENDPOINT=http://collector.monitoring:4318 --otel OTEL_METRIC_EXPORT_INTERVAL=15000
\`\`\`

The controller reads them when it starts: after a change of the Secret, \`kubectl rollout restart deployment/iter8ctl-controller -n iter8-system\`.

## Names

Latencies are in seconds and shares between 0 and 1, whatever the unit of the objective: the unit is in the name, so an objective has one of three
estimates. What is not known has no series. A state has a series for each value that it may have, of which one is 1.
`;

const TAIL = `## Labels

- \`namespace\`, \`experiment\`, \`version\`: names of the experiment.
- \`objective\`: the metric as the experiment writes it; with \` relative to VERSION\` where it is compared; with its position
  (\` (objective 3)\`) where an earlier one has the same metric. \`side\`: \`upper\` or \`lower\`.
- \`verdict\`: \`satisfied\`, \`violated\`, \`undecided\`. \`recommendation\`: \`promote\`, \`do_not_promote\`, \`undecided\`, \`failed\`.
- \`stage\`: \`Waiting\`, \`Initializing\`, \`Running\`, \`Finishing\`, \`Completed\`. \`reason\`: \`target\`, \`person\`.

No label holds a URL, a query or a text of a server. Control characters are written as escapes. What is longer than 253 characters is cut, and
a hash at its end distinguishes it.

**How many.** About 80 series for two versions with three objectives. The controller gives out ${MEASURED_LIMITS.mostSeries.toLocaleString('en-US')} series of at most ${MEASURED_LIMITS.mostExperiments} experiments; what is under way goes
before what waits, and that before what has ended. An experiment has all its series or none, and \`iter8ctl_experiments_dropped\` counts those that
have none. The series of an experiment vanish when it is deleted, or ${minutes} minutes after its end. A controller that stands by has those of itself only.

## Dashboard and alerts

\`deploy/grafana/iter8ctl.json\` is a dashboard: import it, and choose the data source; experiments are chosen by namespace and name.
\`deploy/prometheus/iter8ctl-alerts.yaml\` has alerts, among them:

| alert                          | when                                                                                                                                     |
| ------------------------------ | ---------------------------------------------------------------------------------------------------------------------------------------- |
| \`Iter8ExperimentUndecided\`     | \`iter8ctl_experiment_recommendation{recommendation="undecided"} == 1 and on (namespace, experiment) iter8ctl_experiment_ended == 0\` for 2 h |
| \`Iter8ExperimentNotDriven\`     | \`iter8ctl_experiment_driven == 0\` for 10 min: nobody drives it                                                                           |
| \`Iter8ExperimentWaitsForPerson\` | \`iter8ctl_experiment_waiting{reason="person"} == 1\` for 1 h                                                                              |
| \`Iter8ControllerAway\`          | \`absent(iter8ctl_leader == 1)\` for 5 min                                                                                                 |

Tests import the dashboard's queries into a real Prometheus that has scraped a real run, and try the alerts with \`promtool\`.
`;
