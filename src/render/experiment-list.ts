/** One line an experiment: `get`, and the end of `watch --all`. */
import { formatShortAge } from '../text/age.ts';
import { sanitizeLine } from '../text/sanitize.ts';
import { formatCount } from '../text/units.ts';
import { cutMiddle } from '../text/width.ts';
import { wrap } from '../text/wrap.ts';
import type { ListRow } from '../view/experiment-view.ts';
import { fittedLines, type FittedColumn } from './table.ts';
import type { Theme } from './theme.ts';

export interface ListOptions {
  readonly theme: Theme;
  /** Absent: of all namespaces, which become a column. */
  readonly namespace: string | undefined;
  /** ms since 1970: what ages are computed against. */
  readonly now: number;
  /** Absent: as wide as it takes, for programs and files. */
  readonly columns?: number | undefined;
  readonly headers?: boolean | undefined;
  /** By `namespace/name`: a column more. */
  readonly labels?: ReadonlyMap<string, string> | undefined;
  /** Whether what is mostly of no interest has columns too. */
  readonly wide?: boolean | undefined;
}

export function renderList(views: readonly ListRow[], options: ListOptions): string {
  const { namespace, columns: room } = options;
  if (views.length === 0)
    return wrap(namespace === undefined ? 'no experiments' : `no experiments in namespace ${sanitizeLine(namespace)}`, {
      columns: room ?? Number.POSITIVE_INFINITY,
      rest: '  ',
    }).join('\n');
  const table = fittedLines(listColumns(views, options), { room: room ?? Number.POSITIVE_INFINITY });
  const lines = options.headers === false ? table?.slice(-views.length) : table;
  return (lines ?? views.flatMap((view) => stacked(view, options))).join('\n');
}

/** What is left out first says least: all of it is in `describe`. */
function listColumns(
  views: readonly ListRow[],
  { theme, namespace, now, labels, wide = false }: ListOptions,
): FittedColumn[] {
  const column = (head: string, of: (view: ListRow) => string) => ({ head, cells: views.map(of) });
  return [
    ...(namespace === undefined
      ? [{ ...column('NAMESPACE', (view) => sanitizeLine(view.namespace)), shorten: SHORTER }]
      : []),
    { ...column('NAME', (view) => sanitizeLine(view.name)), shorten: SHORTER },
    { ...column('TYPE', (view) => view.testingPattern), expendable: 1 },
    { ...column('TARGET', (view) => sanitizeLine(view.target)), shorten: SHORTER, expendable: 2 },
    { ...column('STAGE', stageText), expendable: 5 },
    {
      ...column(
        'ITERATIONS',
        ({ iterations }) => `${formatCount(iterations.completed)}/${formatCount(iterations.total)}`,
      ),
      expendable: 3,
    },
    column('RECOMMENDATION', (view) => theme.headline(view.recommendation.verdict, shortAnswer(view))),
    { ...column('AGE', (view) => ageText(view, now)), expendable: 4 },
    ...(wide ? [column('DRIVER', ({ driven }) => (driven?.by === undefined ? '-' : sanitizeLine(driven.by)))] : []),
    ...(labels === undefined
      ? []
      : [column('LABELS', (view) => sanitizeLine(labels.get(`${view.namespace}/${view.name}`) ?? '<none>'))]),
  ];
}

const SHORTER = { cell: cutMiddle, to: [20, 12] } as const;

/** Where no table fits: the name, and the answer below it. */
function stacked(view: ListRow, { theme, namespace, columns = 80 }: ListOptions): string[] {
  const of = namespace === undefined ? ` (${sanitizeLine(view.namespace)})` : '';
  const color = (line: string) => theme.headline(view.recommendation.verdict, line);
  return [
    ...wrap(`${sanitizeLine(view.name)}${of}  ${stageText(view)}`, { columns, rest: '  ' }),
    ...wrap(shortAnswer(view), { columns, first: '  ', rest: '    ' }).map(color),
  ];
}

function ageText({ createdAt }: ListRow, now: number): string {
  const created = Date.parse(createdAt ?? '');
  return Number.isNaN(created) ? '-' : formatShortAge(now - created);
}

function stageText({ stage, driven }: ListRow): string {
  const text = stage === undefined ? '-' : sanitizeLine(stage);
  return driven !== undefined && driven.by === undefined ? `${text} (nobody drives it)` : text;
}

function shortAnswer(view: ListRow): string {
  if (view.waitsFor !== undefined) return sanitizeLine(`waits for ${view.waitsFor}`);
  if (view.recommendation.verdict === 'failed') return 'failed';
  if (view.judgedAgain !== undefined) return sanitizeLine(`recorded: ${view.headline.replace(/^.*: /, '')}`);
  return sanitizeLine(view.headline);
}
