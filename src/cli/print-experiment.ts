/** Prints an experiment in the form that `-o` asks for: the answer of describe, run and watch. */
import type { Experiment } from '../experiment/experiment.ts';
import { jsonText } from '../report/json-text.ts';
import type { Io } from '../io.ts';
import { sanitizeLine } from '../text/sanitize.ts';
import { renderDescribe } from '../render/describe.ts';
import { themeFor, type Theme } from '../render/theme.ts';
import { experimentView, type Driven } from '../view/experiment-view.ts';
import type { OutputFlags } from './shared-flags.ts';

export const ANSWER_FORMATS = ['text', 'json', 'yaml', 'markdown', 'html', 'junit', 'ndjson', 'raw', 'name'] as const;

export function stdoutTheme(io: Io, flags: OutputFlags): Theme {
  return themeFor(io.stdout, { mode: flags.color, env: io.env });
}

/** What kubectl, and our commands, take for a name. */
export const nameLine = ({ metadata }: Experiment): string => `experiment.iter8.tools/${sanitizeLine(metadata.name)}\n`;

/** The answer as text, with a newline at its end. */
export async function answerText(experiment: Experiment, flags: OutputFlags, io: Io, driven?: Driven): Promise<string> {
  const view = () => experimentView(experiment, io.clock.now(), driven);
  switch (flags.output) {
    case 'json': {
      const { jsonView } = await import('../report/json-view.ts');
      return `${jsonText(jsonView(view()), 2)}\n`;
    }
    case 'yaml': {
      const [{ jsonView }, { writeYaml }] = await Promise.all([
        import('../report/json-view.ts'),
        import('../adapters/manifest/write-yaml.ts'),
      ]);
      return writeYaml(jsonView(view()));
    }
    case 'markdown': {
      const { renderMarkdown } = await import('../report/markdown.ts');
      return renderMarkdown(view());
    }
    case 'junit': {
      const { renderJunit } = await import('../report/experiment-junit.ts');
      return renderJunit(view());
    }
    case 'html': {
      const [{ reportModel }, { renderHtml }] = await Promise.all([
        import('../report/report-model.ts'),
        import('../report/html/html-report.ts'),
      ]);
      return renderHtml(reportModel(experiment, io.clock.now(), driven));
    }
    case 'ndjson': {
      const [{ eventsOfAnswer }, { ndjsonLine }] = await Promise.all([
        import('./events-of-answer.ts'),
        import('../report/ndjson.ts'),
      ]);
      return eventsOfAnswer(experiment)
        .map((event) => `${ndjsonLine(event)}\n`)
        .join('');
    }
    case 'raw': {
      const { shownObject } = await import('../report/shown-object.ts');
      return `${jsonText(shownObject(experiment), 2)}\n`;
    }
    case 'name':
      return nameLine(experiment);
    default: {
      const { columns } = io.stdout;
      const how = { theme: stdoutTheme(io, flags), columns: columns ?? 80 };
      const text = `${renderDescribe(view(), { ...how, bars: columns !== undefined })}\n`;
      return flags.chart === true ? `${text}${await chartText(experiment, how)}` : text;
    }
  }
}

/** With an empty line before it. */
async function chartText(
  experiment: Experiment,
  how: { readonly theme: Theme; readonly columns: number },
): Promise<string> {
  const [{ latencyHistograms }, { renderLatencies }] = await Promise.all([
    import('../view/latency-bars.ts'),
    import('../render/latency-chart.ts'),
  ]);
  return `\n${renderLatencies(latencyHistograms(experiment), how) || 'no latencies were measured by load of ours'}\n`;
}

/** `driven`: when it is not this process that drives it. */
export async function printAnswer(experiment: Experiment, flags: OutputFlags, io: Io, driven?: Driven): Promise<void> {
  io.stdout.write(await answerText(experiment, flags, io, driven));
}
