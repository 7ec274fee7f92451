/** Prints experiments in the form that `-o` of `get` asks for. */
import { jsonText } from '../report/json-text.ts';
import type { Io } from '../io.ts';
import { keyText, type Experiment } from '../experiment/experiment.ts';
import { renderList } from '../render/experiment-list.ts';
import { sanitizeLine } from '../text/sanitize.ts';
import { splitOnce } from '../text/split-once.ts';
import { experimentView, listRow, type ListRow } from '../view/experiment-view.ts';
import type { Context } from './context.ts';
import { nameLine, stdoutTheme } from './print-experiment.ts';
import type { OutputFlags } from './shared-flags.ts';
import { whoDrivesEach } from './who-drives.ts';

export interface ListFlags {
  readonly headers?: boolean;
  readonly showLabels?: boolean;
}

export interface ListHow {
  readonly flags: OutputFlags & ListFlags;
  readonly io: Io;
  readonly context: Context;
  /** Undefined: of all namespaces. */
  readonly namespace: string | undefined;
  /** One name was asked for: templates and `raw` see the object, not a list of it. */
  readonly isOne: boolean;
  /** Of experiments that are outlines by now (experiment/list-outline.ts): their lines, made of the whole ones. */
  readonly rows?: ReadonlyMap<Experiment, ListRow> | undefined;
}

/** Formats that show a line of each experiment, and nothing else of it. */
export const LINES_ALONE: readonly string[] = ['text', 'wide', 'name'];
/** Formats that say who drives each, which costs requests. */
const WITH_DRIVERS: readonly string[] = ['text', 'wide', 'json', 'yaml'];

/** With a newline at its end, but for jsonpath, which prints what its template says. */
export async function listText(experiments: readonly Experiment[], how: ListHow): Promise<string> {
  const { flags, io, namespace, isOne } = how;
  const drivers = WITH_DRIVERS.includes(flags.output) ? await whoDrivesEach(experiments, how.context) : undefined;
  const of = ({ metadata }: Experiment) => drivers?.get(keyText(metadata));
  const views = () => experiments.map((experiment) => experimentView(experiment, io.clock.now(), of(experiment)));
  const shown = async () => {
    const { shownObject } = await import('../report/shown-object.ts');
    return experiments.map(shownObject);
  };
  const whole = async () => {
    const items = await shown();
    return (isOne ? items[0] : undefined) ?? { apiVersion: 'v1', kind: 'List', items };
  };
  const [format, template = ''] = splitOnce(flags.output, '=');
  switch (format) {
    case 'raw':
      return `${jsonText(await whole(), 2)}\n`;
    case 'json': {
      const { jsonList } = await import('../report/json-view.ts');
      return `${jsonText(jsonList(views()), 2)}\n`;
    }
    case 'yaml': {
      const [{ jsonList }, { writeYaml }] = await Promise.all([
        import('../report/json-view.ts'),
        import('../adapters/manifest/write-yaml.ts'),
      ]);
      return writeYaml(jsonList(views()));
    }
    case 'name':
      return experiments.map(nameLine).join('');
    case 'jsonpath': {
      const { renderJsonPath } = await import('../report/jsonpath-and-columns.ts');
      return renderJsonPath(template, await whole());
    }
    case 'custom-columns': {
      const [{ columnText, customColumns }, { tableLines }] = await Promise.all([
        import('../report/jsonpath-and-columns.ts'),
        import('../render/table.ts'),
      ]);
      const columns = customColumns(template);
      const rows = (await shown()).map((experiment) => columns.map((column) => columnText(column, experiment)));
      const lines = tableLines({ head: columns.map(({ head }) => sanitizeLine(head)), rows });
      return (flags.headers === false ? lines.slice(lines.length - rows.length) : lines)
        .map((line) => `${line}\n`)
        .join('');
    }
    default:
      return `${renderList(
        experiments.map((experiment) => {
          const row = how.rows?.get(experiment);
          return row === undefined ? listRow(experiment, of(experiment)) : { ...row, driven: of(experiment) };
        }),
        {
          theme: stdoutTheme(io, flags),
          namespace,
          now: io.clock.now(),
          columns: io.stdout.columns,
          headers: flags.headers,
          wide: format === 'wide',
          ...(flags.showLabels === true ? { labels: labelsOf(experiments) } : {}),
        },
      )}\n`;
  }
}

/** `app=shop,team=a`, by `namespace/name`. */
function labelsOf(experiments: readonly Experiment[]): Map<string, string> {
  return new Map(
    experiments.flatMap(({ metadata }) => {
      const labels = Object.entries(metadata.labels ?? {}).map(([name, value]) => `${name}=${value}`);
      return labels.length === 0 ? [] : [[keyText(metadata), labels.toSorted().join(',')] as const];
    }),
  );
}
