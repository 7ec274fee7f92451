/** Rules about actions and tasks. */
import { parseDurationMs } from '../../text/duration.ts';
import { didYouMean } from '../../text/did-you-mean.ts';
import type { TaskSpec } from '../../experiment/experiment.ts';
import { pathsIn } from '../../expressions/script-placeholders.ts';
import { RESULT_NAMES } from '../../judge/message-result.ts';
import { parseShape, shown, unknownKey, type Path } from '../../experiment/schema-issues.ts';
import { collectInputs } from '../../experiment/tasks/collect-inputs.ts';
import { inputsSchema, TASK_NAMES } from '../../experiment/tasks/task-inputs.ts';
import { ACTION_NAMES, issue, tasksOf, type Rule, type RuleIssue } from './rule.ts';

export const actionsAreKnown: Rule = ({ experiment }) =>
  Object.keys(experiment.spec.strategy.actions ?? {})
    .filter((action) => !(ACTION_NAMES as readonly string[]).includes(action))
    .map((action) => unknownKey(['spec', 'strategy', 'actions', action], ACTION_NAMES, 'action'));

export const tasksAreEitherTaskOrRun: Rule = ({ experiment }) =>
  tasksOf(experiment).flatMap(({ path, task }) => {
    if (task.task !== undefined && task.run !== undefined)
      return [issue(path, 'expected either task or run, got both')];
    if (task.task === undefined && task.run === undefined)
      return [issue(path, 'expected either task or run, got neither')];
    return task.run?.trim() === '' ? [issue([...path, 'run'], 'is empty; expected a script')] : [];
  });

/** Of earlier versions of Iter8: they start a program. */
const SCRIPT_TASKS: ReadonlySet<string> = new Set(['common/exec', 'common/bash', 'bash', 'exec', 'run']);

export const tasksAreKnown: Rule = ({ experiment }) =>
  tasksOf(experiment).flatMap(({ path, task }) => {
    if (task.task === undefined || TASK_NAMES.includes(task.task)) return [];
    const suggestion = didYouMean(task.task, TASK_NAMES);
    const hint = SCRIPT_TASKS.has(task.task)
      ? '; write the command as a script: run: COMMAND'
      : suggestion === ''
        ? `; there are: ${TASK_NAMES.join(', ')}; anything else is a script under run`
        : suggestion;
    return [issue([...path, 'task'], `unknown task ${shown(task.task)}${hint}`)];
  });

export const taskInputsAreRight: Rule = ({ experiment }) =>
  tasksOf(experiment).flatMap(({ path, task }) => {
    const schema = inputsSchema(task);
    if (schema === undefined) return [];
    return parseShape(schema, task.with ?? {}, [...path, 'with'], 'input').issues;
  });

export const conditionsParse: Rule = ({ experiment, syntax }) =>
  tasksOf(experiment).flatMap(({ path, task }) => {
    if (task.if === undefined) return [];
    const problem =
      task.if.trim() === '' ? 'is empty; leave it out to run the task always' : syntax.condition?.(task.if);
    return problem === undefined ? [] : [issue([...path, 'if'], problem)];
  });

export const waitsParse: Rule = ({ experiment, syntax }) =>
  tasksOf(experiment).flatMap(({ path, task }) => {
    if (task.task !== 'common/readiness') return [];
    return objectsOf(task.with?.['objRefs'], [...path, 'with', 'objRefs']).flatMap(({ at, item: { waitFor } }) => {
      const problem = typeof waitFor === 'string' ? syntax.waitFor?.(waitFor) : undefined;
      return problem === undefined ? [] : [issue([...at, 'waitFor'], problem)];
    });
  });

export const templatesParse: Rule = ({ experiment, syntax }) =>
  tasksOf(experiment).flatMap(({ path, task }) => {
    const script = task.run === undefined ? undefined : syntax.script?.(task.run);
    return [
      ...(script === undefined ? [] : [issue([...path, 'run'], script)]),
      ...messageTexts(path, task).flatMap(([at, text]) => {
        const problem = syntax.template?.(text);
        return problem === undefined ? [] : [issue(at, problem)];
      }),
    ];
  });

/** The texts of a notification that hold placeholders, with their places. */
function messageTexts(path: Path, { task, with: inputs }: TaskSpec): [Path, string][] {
  if (task !== 'notification/http') return [];
  const headers = inputs?.['headers'];
  const texts: [Path, unknown][] = [
    [[...path, 'with', 'url'], inputs?.['url']],
    [[...path, 'with', 'body'], inputs?.['body']],
    ...(Array.isArray(headers) ? headers : []).map((header: unknown, index): [Path, unknown] => [
      [...path, 'with', 'headers', index, 'value'],
      valueOf(header),
    ]),
  ];
  return texts.flatMap(([at, text]) => (typeof text === 'string' ? [[at, text] as [Path, string]] : []));
}

/** What a placeholder names and can never be there: a field of no secret, or of the result under another name. */
export const placeholdersCanBeFilled: Rule = ({ experiment }) =>
  tasksOf(experiment).flatMap(({ path, task }) => {
    const hasSecret = task.with?.['secret'] !== undefined;
    const texts = task.run === undefined ? messageTexts(path, task) : [[[...path, 'run'], task.run] as [Path, string]];
    return texts.flatMap(([at, text]) =>
      pathsIn(text).flatMap(([first = '', second]) => {
        if (first.toLowerCase() === 'secret' && !hasSecret)
          return [issue(at, `placeholder @< .${first} ... >@ needs a secret under with, got none`)];
        if (first !== 'result') return [];
        if (task.run !== undefined)
          return [
            issue(at, 'placeholder @< .result ... >@ is for notifications; a script has ITER8_WINNER and others'),
          ];
        if (second === undefined || (RESULT_NAMES as readonly string[]).includes(second)) return [];
        return [
          issue(
            at,
            `placeholder @< .result.${shown(second).slice(1, -1)} >@: expected one of ${RESULT_NAMES.join(', ')}`,
          ),
        ];
      }),
    );
  });

export const credentialsAreNamed: Rule = ({ experiment }) =>
  tasksOf(experiment).flatMap(({ path, task }) => {
    const { authType, secret } = task.with ?? {};
    if (task.task !== 'notification/http' || secret !== undefined) return [];
    return authType === 'Basic' || authType === 'Bearer'
      ? [issue([...path, 'with', 'authType'], `${authType} needs a secret under with, got none`)]
      : [];
  });

function valueOf(header: unknown): unknown {
  return typeof header === 'object' && header !== null && 'value' in header ? header.value : undefined;
}

/** The elements of a list that are objects, with their places; nothing for what is no list. */
function objectsOf(
  list: unknown,
  path: Path,
): { readonly at: Path; readonly item: Readonly<Record<string, unknown>> }[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((item: unknown, index) =>
    typeof item === 'object' && item !== null ? [{ at: [...path, index], item: { ...item } }] : [],
  );
}

function repeatedNames(list: unknown, path: Path, hint: string): RuleIssue[] {
  const seen = new Map<unknown, string>();
  return objectsOf(list, path).flatMap(({ at, item: { name } }) => {
    if (typeof name !== 'string') return [];
    const found = issue([...at, 'name'], '');
    const first = seen.get(name);
    if (first !== undefined) return [{ ...found, message: `${shown(name)} is the name of ${first} too; ${hint}` }];
    seen.set(name, issue(at, '').path);
    return [];
  });
}

export const collectNamesAreUnique: Rule = ({ experiment }) =>
  tasksOf(experiment).flatMap(({ path, task }) => {
    if (task.task !== 'metrics/collect') return [];
    const at = [...path, 'with', 'versions'];
    const versions = task.with?.['versions'];
    return [
      ...repeatedNames(versions, at, 'several URLs of one version go under endpoints'),
      ...objectsOf(versions, at).flatMap((version) =>
        repeatedNames(version.item['endpoints'], [...version.at, 'endpoints'], 'names of endpoints must differ'),
      ),
    ];
  });

/** Without a rate nobody can say how many requests a duration is. */
export const warmupIsCountable: Rule = ({ experiment }) =>
  tasksOf(experiment).flatMap(({ path, task }) => {
    const warmup = task.with?.['warmup'];
    if (task.task !== 'metrics/collect' || task.with?.['qps'] !== 0 || typeof warmup !== 'string') return [];
    if (parseDurationMs(warmup) === undefined) return [];
    return [issue([...path, 'with', 'warmup'], `expected a number of requests with qps: 0, got ${shown(warmup)}`)];
  });

/** A server need not look at the content of a GET or a HEAD, and may refuse it (RFC 9110 sections 9.3.1 and 9.3.2). */
export const payloadsAreSent: Rule = ({ experiment }) =>
  tasksOf(experiment).flatMap(({ path, task }) => {
    if (task.task !== 'metrics/collect') return [];
    const inVain = collectInputs(task)
      .versions.flatMap(({ endpoints }) => endpoints)
      .find(
        ({ method, payloadStr, payloadURL }) =>
          (method === 'GET' || method === 'HEAD') && (payloadStr !== undefined || payloadURL !== undefined),
      );
    if (inVain === undefined) return [];
    return [
      issue([...path, 'with'], `expected POST, PUT, PATCH or DELETE with a payload, got method ${inVain.method}`),
    ];
  });
