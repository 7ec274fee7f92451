/** `iter8ctl debug [NAME]`: what happened, in order, from the experiment's own record and its Kubernetes events. */
import { Command } from 'commander';
import { ForbiddenError, messageOf } from '../../errors.ts';
import { EXIT, type ExitCode } from '../../exit-codes.ts';
import type { Io } from '../../io.ts';
import type { Experiment } from '../../experiment/experiment.ts';
import { readRecord } from '../../judge/record/stored-record.ts';
import { jsonText, OUTPUT_VERSION } from '../../report/json-text.ts';
import { renderStory, type StoryLine } from '../../render/event-history.ts';
import { openContext, whileConnecting, type Context } from '../context.ts';
import { numberFlag, withOutputFlags, withStoreFlags, type OutputFlags, type StoreFlags } from '../shared-flags.ts';
import { chosenExperiment } from '../choose-experiment.ts';
import { stdoutTheme } from '../print-experiment.ts';
import { sayTo } from '../stderr-messages.ts';

interface DebugFlags extends StoreFlags, OutputFlags {
  readonly priority: number;
  readonly filename?: string;
}

export function debugCommand(io: Io, done: (code: ExitCode) => void): Command {
  const command = new Command('debug')
    .description('says what happened, in order; works when the pods are gone')
    .argument('[name]', 'the experiment; without it the newest')
    .option('-f, --filename <file>', 'an object in a file, - for standard input')
    .option(
      '-p, --priority <n>',
      '1: what everybody wants to know, 2: progress too, 3: everything',
      numberFlag({ min: 1, integer: true }),
      3,
    );
  return withOutputFlags(withStoreFlags(command), ['text', 'json']).action(
    async (name: string | undefined, flags: DebugFlags) => {
      const warn = sayTo(io);
      const context = flags.filename === undefined ? await openContext(flags, io, warn) : undefined;
      const experiment =
        context === undefined
          ? await (await import('../manifest-flags.ts')).readObject(flags.filename!, io, flags.namespace)
          : await whileConnecting(context, io, () => chosenExperiment(context, name, warn));
      const lines = (await storyOf(experiment, context, warn)).filter((line) => line.priority <= flags.priority);
      io.stdout.write(
        flags.output === 'json'
          ? `${jsonText({ apiVersion: OUTPUT_VERSION, kind: 'Story', experiment: experiment.metadata.name, namespace: experiment.metadata.namespace, lines }, 2)}\n`
          : `${renderStory(experiment.metadata, lines, { theme: stdoutTheme(io, flags), columns: io.stdout.columns })}\n`,
      );
      done(EXIT.ok);
    },
  );
}

async function storyOf(
  experiment: Experiment,
  context: Context | undefined,
  warn: (text: string) => void,
): Promise<StoryLine[]> {
  const record = readRecord(experiment);
  const own: StoryLine[] = (record?.events ?? []).map((event) => ({ ...event, source: 'record' as const }));
  const conditions: StoryLine[] =
    record !== undefined
      ? []
      : (experiment.status?.conditions ?? [])
          .filter((condition) => condition.reason !== undefined)
          .map((condition) => ({
            time: condition.lastTransitionTime ?? '',
            priority: condition.type === 'Failed' && condition.status === 'True' ? 1 : 2,
            text: `condition ${condition.type} is ${condition.status}: ${condition.reason}${condition.message ? `: ${condition.message}` : ''}`,
            source: 'condition',
          }));
  const reported =
    context?.kube === undefined
      ? []
      : await eventsOf(experiment, context.kube, { warn, withoutOwn: record !== undefined });
  return [...own, ...conditions, ...reported].toSorted((a, b) => (Date.parse(a.time) || 0) - (Date.parse(b.time) || 0));
}

/** `withoutOwn`: what we wrote ourselves stands in the record already. */
async function eventsOf(
  experiment: Experiment,
  kube: NonNullable<Context['kube']>,
  { warn, withoutOwn }: { readonly warn: (text: string) => void; readonly withoutOwn: boolean },
): Promise<StoryLine[]> {
  const { readEvents, timeOf } = await import('../../adapters/kube/kubernetes-events.ts');
  const { namespace, name, uid } = experiment.metadata;
  try {
    const events = await readEvents(kube, { namespace, name, uid });
    return events
      .filter((event) => !withoutOwn || (event.source?.component ?? event.reportingComponent) !== 'iter8')
      .map((event) => ({
        time: new Date(timeOf(event)).toISOString(),
        priority: event.type === 'Warning' ? 1 : 2,
        text: `${event.reason ?? 'Event'}: ${event.message ?? ''}${(event.count ?? 1) > 1 ? ` (${event.count} times)` : ''}`,
        source: 'event',
      }));
  } catch (error) {
    if (!(error instanceof ForbiddenError)) throw error;
    warn(`without Kubernetes events: ${messageOf(error)}`);
    return [];
  }
}
