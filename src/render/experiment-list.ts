/** One line an experiment: `get`, and the end of `watch --all`. */
import { formatShortAge } from '../text/age.ts';
import { sanitizeLine } from '../text/sanitize.ts';
import type { ListRow } from '../view/experiment-view.ts';
import { tableLines } from './table.ts';
import type { Theme } from './theme.ts';

export interface ListOptions {
  readonly theme: Theme;
  /** Absent: of all namespaces, which become a column. */
  readonly namespace: string | undefined;
  /** ms since 1970: what ages are computed against. */
  readonly now: number;
  readonly headers?: boolean | undefined;
  /** By `namespace/name`: a column more. */
  readonly labels?: ReadonlyMap<string, string> | undefined;
  /** Whether what is mostly of no interest has columns too. */
  readonly wide?: boolean | undefined;
}

export function renderList(
  views: readonly ListRow[],
  { theme, namespace, now, headers = true, labels, wide = false }: ListOptions,
): string {
  if (views.length === 0)
    return namespace === undefined ? 'no experiments' : `no experiments in namespace ${sanitizeLine(namespace)}`;
  const withNamespace = namespace === undefined;
  const rows = views.map((view) => {
    const created = view.createdAt === undefined ? Number.NaN : Date.parse(view.createdAt);
    return [
      ...(withNamespace ? [sanitizeLine(view.namespace)] : []),
      sanitizeLine(view.name),
      view.testingPattern,
      sanitizeLine(view.target),
      stageText(view),
      `${view.iterations.completed}/${view.iterations.total}`,
      theme.headline(view.recommendation.verdict, shortAnswer(view)),
      Number.isNaN(created) ? '-' : formatShortAge(now - created),
      ...(wide ? [view.driven?.by === undefined ? '-' : sanitizeLine(view.driven.by)] : []),
      ...(labels === undefined ? [] : [sanitizeLine(labels.get(`${view.namespace}/${view.name}`) ?? '<none>')]),
    ];
  });
  const head = [
    ...(withNamespace ? ['NAMESPACE'] : []),
    'NAME',
    'TYPE',
    'TARGET',
    'STAGE',
    'ITERATIONS',
    'RECOMMENDATION',
    'AGE',
    ...(wide ? ['DRIVER'] : []),
    ...(labels === undefined ? [] : ['LABELS']),
  ];
  const lines = tableLines({ head, rows });
  return (headers ? lines : lines.slice(-rows.length)).join('\n');
}

function stageText({ stage, driven }: ListRow): string {
  const text = stage === undefined ? '-' : sanitizeLine(stage);
  return driven !== undefined && driven.by === undefined ? `${text} (nobody drives it)` : text;
}

function shortAnswer(view: ListRow): string {
  if (view.judgedAgain !== undefined) return sanitizeLine(`recorded: ${view.headline.replace(/^.*: /, '')}`);
  return view.recommendation.verdict === 'failed' ? 'failed' : sanitizeLine(view.headline);
}
