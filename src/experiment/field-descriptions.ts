/**
 * What each field of the resources means, by its path: for `kubectl explain` and docs/reference.md. Not in the schema itself,
 * which every command loads. A test holds both together. `[]` is an element of a list, `*` a key that is chosen freely.
 * Source: docs/contract.md 1.
 */
export type FieldDescriptions = Readonly<Record<string, string>>;

export const EXPERIMENT_FIELDS: FieldDescriptions = {
  '': 'Experiment asks whether a version may be promoted: versions, criteria, and how they are tested.',
  apiVersion: 'Version of the API that this object is written in.',
  kind: 'Kind of this object.',
  metadata: 'Name, namespace, labels and annotations.',
  spec: 'What is asked, of which versions, and how it is found out.',
  'spec.target': 'What is experimented on. Experiments with the same target take turns, in all namespaces.',
  'spec.strategy': 'How versions are compared, how traffic moves, and what is done on the way.',
  'spec.strategy.testingPattern':
    'How the winner is found: Conformance judges one version, Canary two by objectives, A/B and A/B/N compare a reward.',
  'spec.strategy.deploymentPattern':
    'How traffic moves between versions: not at all, step by step, or all at once at the end.',
  'spec.strategy.actions': 'Tasks by the moment at which they run: start, loop (after each loop), finish.',
  'spec.strategy.actions.*':
    'Tasks of this action, in their order. One that fails ends the action and fails the experiment.',
  'spec.strategy.actions.*[].task': 'Name of a task. Exactly one of task and run is written.',
  'spec.strategy.actions.*[].run': 'A script for bash. Exactly one of task and run is written.',
  'spec.strategy.actions.*[].if': 'Condition, such as CandidateWon(): the task is skipped where it does not hold.',
  'spec.strategy.actions.*[].with': 'Inputs of the task. Those that nobody reads are refused.',
  'spec.strategy.weights': 'Bounds of the traffic that candidates get.',
  'spec.strategy.weights.maxCandidateWeight': 'Largest weight of a candidate, in percent.',
  'spec.strategy.weights.maxCandidateWeightIncrement':
    "Largest increase of a candidate's weight in one iteration, in percent points.",
  'spec.criteria': 'What a version must fulfil, and what is only observed.',
  'spec.criteria.requestCount': 'Metric that counts the requests that a version has seen.',
  'spec.criteria.objectives': 'Limits that every version must keep to be promoted.',
  'spec.criteria.objectives[].metric': 'Metric as namespace/name, or name in the namespace of the experiment.',
  'spec.criteria.objectives[].upperLimit': 'Largest value that is good, the limit itself included.',
  'spec.criteria.objectives[].lowerLimit': 'Smallest value that is good, the limit itself included.',
  'spec.criteria.objectives[].rollback_on_failure':
    'Whether all traffic goes back to the baseline as soon as this objective is violated. False, but true under BlueGreen.',
  'spec.criteria.indicators': 'Metrics that are reported and never judged.',
  'spec.criteria.rewards': 'The metric that decides between versions that keep all objectives: one for A/B and A/B/N.',
  'spec.criteria.rewards[].metric': 'Metric as namespace/name, or name in the namespace of the experiment.',
  'spec.criteria.rewards[].preferredDirection': 'Whether more or less of it is better.',
  'spec.criteria.strength': 'How much evidence a verdict needs. Its settings are in docs/reference.md of iter8ctl.',
  'spec.duration': 'How long it lasts: loops of iterations.',
  'spec.duration.intervalSeconds': 'Length of an iteration, in seconds.',
  'spec.duration.iterationsPerLoop': 'Iterations in one loop.',
  'spec.duration.maxLoops': 'Loops. Tasks of the loop action run after each.',
  'spec.versionInfo': 'The versions. A task of the start action may supply them where they are not written.',
  'spec.versionInfo.baseline': 'The version that is in use today.',
  'spec.versionInfo.candidates':
    'Versions that may follow it: none for Conformance, one for Canary and A/B, more for A/B/N.',
  ...fieldsOfVersion('spec.versionInfo.baseline'),
  ...fieldsOfVersion('spec.versionInfo.candidates[]'),
  status: 'What has happened so far. Written by iter8ctl.',
  'status.conditions': 'Whether it is completed, whether it failed, whether it holds its target.',
  'status.conditions[].type': 'Completed, Failed or TargetAcquired.',
  'status.conditions[].status': 'True, False or Unknown.',
  'status.conditions[].lastTransitionTime': 'When the status changed last.',
  'status.conditions[].reason': 'Why, in one word.',
  'status.conditions[].message': 'Why, in a sentence.',
  'status.initTime': 'When it was first seen. Experiments take turns in this order.',
  'status.startTime': 'When it acquired its target.',
  'status.lastUpdateTime': 'When its analysis was last written.',
  'status.stage': 'Waiting, Initializing, Running, Finishing or Completed.',
  'status.completedIterations': 'Iterations that are done.',
  'status.currentWeightDistribution': 'Weights of traffic, as they were last read.',
  'status.currentWeightDistribution[].name': 'Name of the version.',
  'status.currentWeightDistribution[].value': 'Its weight, in percent.',
  'status.versionRecommendedForPromotion': 'The version that should be in use from now on.',
  'status.message': 'Reason and sentence of the last condition that changed.',
  'status.metrics': 'The metrics as they were read when the experiment started.',
  'status.metrics[].name': 'namespace/name of the metric.',
  'status.metrics[].metricObj': 'The Metric object.',
  'status.analysis': 'What was measured and what follows from it.',
  ...fieldsOfPart('aggregatedBuiltinHists', 'Latencies and status codes of the requests that were sent.'),
  'status.analysis.aggregatedBuiltinHists.data':
    'Histograms by version, and under the key iter8ctl the record of iter8ctl.',
  ...fieldsOfPart('aggregatedMetrics', 'Values of metrics.'),
  'status.analysis.aggregatedMetrics.data': 'Values by metric.',
  'status.analysis.aggregatedMetrics.data.*.max': 'Largest value that was seen in any version.',
  'status.analysis.aggregatedMetrics.data.*.min': 'Smallest value that was seen in any version.',
  'status.analysis.aggregatedMetrics.data.*.data': 'Values by version.',
  'status.analysis.aggregatedMetrics.data.*.data.*.value': 'The last value.',
  'status.analysis.aggregatedMetrics.data.*.data.*.min': 'Smallest value that was seen.',
  'status.analysis.aggregatedMetrics.data.*.data.*.max': 'Largest value that was seen.',
  'status.analysis.aggregatedMetrics.data.*.data.*.sampleSize': 'Data points behind the value.',
  ...fieldsOfPart('versionAssessments', 'Whether versions satisfy objectives.'),
  'status.analysis.versionAssessments.data':
    'By version, true for each objective that is satisfied, in the order of the spec.',
  ...fieldsOfPart('winnerAssessment', 'Whether there is a winner.'),
  'status.analysis.winnerAssessment.data': 'The winner, if there is one.',
  'status.analysis.winnerAssessment.data.winnerFound': 'Whether there is a winner.',
  'status.analysis.winnerAssessment.data.winner': 'Name of the version that won.',
  ...fieldsOfPart('weights', 'Weights of traffic that are recommended.'),
  'status.analysis.weights.data': 'The weight of each version.',
  'status.analysis.weights.data[].name': 'Name of the version.',
  'status.analysis.weights.data[].value': 'Its weight, in percent.',
};

export const METRIC_FIELDS: FieldDescriptions = {
  '': 'Metric says how a value of a version is measured: a query and how its answer is read.',
  apiVersion: 'Version of the API that this object is written in.',
  kind: 'Kind of this object.',
  metadata: 'Name, namespace, labels and annotations.',
  spec: 'The query, its credentials, and the jq program that picks the value.',
  'spec.type': 'Counter only grows; Gauge goes up and down.',
  'spec.provider': 'Who measures it. For information; iter8 marks the built-in metrics.',
  'spec.units': 'Unit, shown to people.',
  'spec.description': 'What it means, shown to people.',
  'spec.method': 'Method of the query. With POST, the body is JSON.',
  'spec.urlTemplate': 'URL of the query, with placeholders that take fields of the secret.',
  'spec.params': 'Parameters of the query.',
  'spec.params[].name': 'Name of the parameter.',
  'spec.params[].value': 'Its value, with placeholders such as $name, variables of the version, and $elapsedTime.',
  'spec.body': 'Body of a POST, with the same placeholders as parameters.',
  'spec.headerTemplates': 'Headers of the query.',
  'spec.headerTemplates[].name': 'Name of the header.',
  'spec.headerTemplates[].value': 'Its value, with placeholders that take fields of the secret.',
  'spec.authType': 'How it authenticates: Basic takes username and password of the secret, others use headerTemplates.',
  'spec.secret': 'Secret with the credentials as namespace/name, or name in the namespace of Iter8.',
  'spec.jqExpression': 'jq program that picks the value of the answer: its first result, a number.',
  'spec.sampleSize': 'Counter metric that says how many data points are behind the value.',
  'spec.mock': 'Values to use instead of a query.',
  'spec.mock[].name': 'Name of the version.',
  'spec.mock[].level': 'Its value.',
};

function fieldsOfVersion(at: string): FieldDescriptions {
  return {
    [`${at}.name`]: 'Name of the version, unlike that of any other.',
    [`${at}.variables`]: 'Values that queries of metrics use for this version.',
    [`${at}.variables[].name`]: 'Name of the placeholder, without the dollar.',
    [`${at}.variables[].value`]: 'Its value.',
    [`${at}.weightObjRef`]: 'The field of an object that holds the weight of its traffic.',
    [`${at}.weightObjRef.apiVersion`]: 'Group and version of that object.',
    [`${at}.weightObjRef.kind`]: 'Its kind.',
    [`${at}.weightObjRef.name`]: 'Its name.',
    [`${at}.weightObjRef.namespace`]: 'Its namespace; that of the experiment where none is written.',
    [`${at}.weightObjRef.fieldPath`]: 'Path of the field, such as .spec.http[0].route[1].weight.',
    [`${at}.weightObjRef.uid`]: 'UID of that object. Not used.',
    [`${at}.weightObjRef.resourceVersion`]: 'Version of that object. Not used.',
  };
}

function fieldsOfPart(name: string, meaning: string): FieldDescriptions {
  const at = `status.analysis.${name}`;
  return {
    [at]: meaning,
    [`${at}.provenance`]: 'Who wrote it.',
    [`${at}.timestamp`]: 'When it was written.',
    [`${at}.message`]: 'What there is to say about it.',
  };
}
