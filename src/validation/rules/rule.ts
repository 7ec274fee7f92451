/** What a rule is: a small function that finds the places where an experiment breaks it. */
import type { Issue } from '../../errors.ts';
import type { Question } from '../../judge/question/question.ts';
import type { TaskSpec, Version, WrittenExperiment } from '../../experiment/experiment.ts';
import { formatCount } from '../../text/units.ts';
import { pathText, type Path } from '../../experiment/schema-issues.ts';

/** A problem that only the rules see. */
export interface RuleIssue extends Issue {
  /** The words that Iter8 0.7 put into status.message for this, where it had some: kept for scripts that look for them. */
  readonly status?: string | undefined;
  /** Of a field that is misspelt: the one that was meant. */
  readonly meant?: Path | undefined;
}

/**
 * Syntax of the little languages inside a manifest. The parsers live in `expr/`, which the API must not know, so that
 * whoever checks passes them in. Each says what is wrong, or undefined. An absent one is not checked.
 */
export interface ExpressionSyntax {
  /** `if` of a task. */
  readonly condition?: ((text: string) => string | undefined) | undefined;
  /** `fieldPath` of a weightObjRef. */
  readonly fieldPath?: ((text: string) => string | undefined) | undefined;
  /** Texts of notifications, with `@< ... >@`. */
  readonly template?: ((text: string) => string | undefined) | undefined;
  /** `run`, with `@< ... >@` where a whole word may stand. */
  readonly script?: ((text: string) => string | undefined) | undefined;
  /** `waitFor` of an object that is to be ready. */
  readonly waitFor?: ((text: string) => string | undefined) | undefined;
}

export interface RuleContext {
  readonly experiment: WrittenExperiment;
  /** What it asks, with defaults, and settings that flags of `run` put over its own. */
  readonly question: Question;
  /** Where bare metric names are looked up. */
  readonly namespace: string;
  readonly syntax: ExpressionSyntax;
  /** The start tasks are done: what they could have supplied must be there. */
  readonly afterStart: boolean;
}

export type Rule = (context: RuleContext) => readonly RuleIssue[];

/** An issue at a path. */
export function issue(path: Path, message: string, status?: string): RuleIssue {
  return { path: pathText(path), message, ...(status === undefined ? {} : { status }) };
}

/**
 * Whether a name is there already in every object of JavaScript, as `constructor` is: what is kept by such a name would be read, and
 * written, in what all objects share.
 */
export const isInherited = (name: string): boolean => name in {};

/** Actions that are performed; others would never be. */
export const ACTION_NAMES = ['start', 'loop', 'finish'] as const;

export interface PlacedTask {
  readonly path: Path;
  readonly action: string;
  readonly task: TaskSpec;
}

/** All tasks of all actions, with their places. */
export function tasksOf(experiment: WrittenExperiment): PlacedTask[] {
  return Object.entries(experiment.spec.strategy.actions ?? {}).flatMap(([action, tasks]) =>
    tasks.map((task, index) => ({ path: ['spec', 'strategy', 'actions', action, index], action, task })),
  );
}

export interface PlacedVersion {
  readonly path: Path;
  readonly version: Version;
}

/** All versions, baseline first, with their places. Empty without versionInfo. */
export function versionsOf(experiment: WrittenExperiment): PlacedVersion[] {
  const info = experiment.spec.versionInfo;
  if (info === undefined) return [];
  return [
    { path: ['spec', 'versionInfo', 'baseline'], version: info.baseline },
    ...(info.candidates ?? []).map((version, index) => ({
      path: ['spec', 'versionInfo', 'candidates', index],
      version,
    })),
  ];
}

/** `1 candidate`, `2 candidates`, `1,000 requests`. */
export function counted(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}
