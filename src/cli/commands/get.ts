/** `iter8ctl get [NAME...]`: a list, one line each. */
import { Command, Option } from 'commander';
import { EXIT, type ExitCode } from '../../exit-codes.ts';
import { jsonText } from '../../report/json-text.ts';
import type { Io } from '../../io.ts';
import { keyText, type Experiment } from '../../experiment/experiment.ts';
import { renderList } from '../../render/experiment-list.ts';
import { sanitizeLine } from '../../text/sanitize.ts';
import { experimentView, listRow } from '../../view/experiment-view.ts';
import { openContext, whileConnecting, type Context } from '../context.ts';
import { withOutputFlags, withStoreFlags, type OutputFlags, type StoreFlags } from '../shared-flags.ts';
import { namedExperiment, newestFirst } from '../choose-experiment.ts';
import { stdoutTheme } from '../print-experiment.ts';
import { whoDrivesEach } from '../who-drives.ts';

const SORT_KEYS = ['age', 'name', 'target', 'stage'] as const;
type SortKey = (typeof SORT_KEYS)[number];

interface GetFlags extends StoreFlags, OutputFlags {
  readonly selector?: string;
  readonly sortBy: SortKey;
}

export function getCommand(io: Io, done: (code: ExitCode) => void): Command {
  const command = new Command('get')
    .description('lists experiments, newest first')
    .argument('[names...]', 'only these')
    .option('-A, --all-namespaces', 'of all namespaces')
    .option('-l, --selector <labels>', 'only with these labels, as in kubectl')
    .addOption(new Option('--sort-by <key>', 'order of the lines').choices([...SORT_KEYS]).default('age'));
  return withOutputFlags(withStoreFlags(command), ['text', 'json', 'yaml', 'raw', 'name']).action(
    async (names: string[], flags: GetFlags) => {
      const context = await openContext(flags, io, (text) => io.stderr.write(`${sanitizeLine(text)}\n`));
      const namespace = flags.allNamespaces === true ? undefined : context.namespace;
      const found = await whileConnecting(context, io, () =>
        names.length > 0
          ? Promise.all(names.map((name) => namedExperiment(context, name)))
          : context.store.list({ namespace, selector: flags.selector }),
      );
      const experiments = found.toSorted(newestFirst).toSorted(order(flags.sortBy));
      io.stdout.write(await listText(experiments, { flags, io, namespace, context }));
      done(EXIT.ok);
    },
  );
}

/** Equal keys keep the newest first. */
function order(key: SortKey): (a: Experiment, b: Experiment) => number {
  const text: Record<SortKey, (experiment: Experiment) => string> = {
    age: () => '',
    name: (experiment) => experiment.metadata.name,
    target: (experiment) => experiment.spec.target,
    stage: (experiment) => experiment.status?.stage ?? '',
  };
  const of = text[key];
  return (a, b) => (of(a) < of(b) ? -1 : of(a) > of(b) ? 1 : 0);
}

async function listText(
  experiments: readonly Experiment[],
  how: {
    readonly flags: GetFlags;
    readonly io: Io;
    readonly namespace: string | undefined;
    readonly context: Context;
  },
): Promise<string> {
  const { flags, io, namespace, context } = how;
  const driven =
    flags.output === 'raw' || flags.output === 'name' ? undefined : await whoDrivesEach(experiments, context);
  const views = () =>
    experiments.map((experiment) =>
      experimentView(experiment, io.clock.now(), driven?.get(keyText(experiment.metadata))),
    );
  switch (flags.output) {
    case 'raw':
      return `${jsonText({ apiVersion: 'v1', kind: 'List', items: experiments }, 2)}\n`;
    case 'json': {
      const { jsonList } = await import('../../report/json-view.ts');
      return `${jsonText(jsonList(views()), 2)}\n`;
    }
    case 'yaml': {
      const [{ jsonList }, { writeYaml }] = await Promise.all([
        import('../../report/json-view.ts'),
        import('../../adapters/manifest/write-yaml.ts'),
      ]);
      return writeYaml(jsonList(views()));
    }
    case 'name':
      return experiments
        .map((experiment) => `experiment.iter8.tools/${sanitizeLine(experiment.metadata.name)}\n`)
        .join('');
    default:
      return `${renderList(
        experiments.map((experiment) => listRow(experiment, driven?.get(keyText(experiment.metadata)))),
        { theme: stdoutTheme(io, flags), namespace, now: io.clock.now() },
      )}\n`;
  }
}
