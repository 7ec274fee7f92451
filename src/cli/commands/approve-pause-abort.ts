/** `iter8ctl approve|reject|pause|resume|abort NAME`: what a person asks of an experiment that runs, as annotations of it. */
import { Command } from 'commander';
import { hostname } from 'node:os';
import { UsageError } from '../../errors.ts';
import { EXIT, type ExitCode } from '../../exit-codes.ts';
import type { Io } from '../../io.ts';
import { hasEnded } from '../../experiment/conditions.ts';
import { CONTROL_ANNOTATIONS, controlValue, pauseIn } from '../../experiment/control-annotations.ts';
import type { Experiment } from '../../experiment/experiment.ts';
import { readRecord } from '../../judge/record/stored-record.ts';
import { sanitizeLine } from '../../text/sanitize.ts';
import { namedExperiment } from '../choose-experiment.ts';
import { openContext, whileConnecting, type Context } from '../context.ts';
import type { CommandDefinition } from '../command-definition.ts';
import { withStoreFlags, type StoreFlags } from '../shared-flags.ts';
import { whoDrives } from '../who-drives.ts';
import { sayTo } from '../stderr-messages.ts';

export type ControlVerb = 'approve' | 'reject' | 'pause' | 'resume' | 'abort';

const DESCRIPTIONS: Readonly<Record<ControlVerb, string>> = {
  approve: 'lets an experiment go on that waits at a gate',
  reject: 'ends an experiment that waits at a gate, as failed',
  pause: 'holds an experiment before its next task or iteration; a load under way is sent to its end',
  resume: 'lets a paused experiment go on',
  abort: 'ends an experiment now, as failed; what was measured is kept',
};

const DONE: Readonly<Record<ControlVerb, string>> = {
  approve: 'approved',
  reject: 'rejected',
  pause: 'to be paused',
  resume: 'resumed',
  abort: 'to be aborted',
};

export function controlCommand(verb: ControlVerb): CommandDefinition {
  return (io: Io, done: (code: ExitCode) => void) => {
    const command = new Command(verb).description(DESCRIPTIONS[verb]).argument('<name>', 'the experiment');
    return withStoreFlags(command).action(async (name: string, flags: StoreFlags) => {
      const say = sayTo(io);
      const context = await openContext(flags, io, say);
      await whileConnecting(context, io, async () => {
        const experiment = await namedExperiment(context, name);
        const { annotations, note } = asked(verb, experiment, await who(context, io), context);
        const { namespace, name: known, uid } = experiment.metadata;
        await context.store.patchMetadata({ namespace, name: known }, { annotations }, { uid });
        io.stdout.write(`experiment.iter8.tools ${JSON.stringify(sanitizeLine(known))} ${DONE[verb]}${note}\n`);
        const driven = await whoDrives(experiment, context);
        if (driven !== undefined && driven.by === undefined)
          say(`nobody drives it now; whoever does next heeds it: ${driven.goOn}`);
      });
      done(EXIT.ok);
    });
  };
}

/** The annotations to be written. @throws UsageError when there is nothing to be asked */
function asked(
  verb: ControlVerb,
  experiment: Experiment,
  by: string,
  context: Context,
): { readonly annotations: Readonly<Record<string, string>>; readonly note: string } {
  const { metadata } = experiment;
  const refuse = (why: string) =>
    new UsageError(`experiment ${metadata.name} ${why}`, {
      hint: `look at it: ${context.asTyped('describe', metadata)}`,
    });
  if (hasEnded(experiment)) throw refuse('has already run to its end');
  switch (verb) {
    case 'approve':
    case 'reject': {
      const waiting = readRecord(experiment)?.waiting;
      if (waiting?.kind !== 'gate' || waiting.task === undefined) throw refuse('waits at no gate');
      const key = CONTROL_ANNOTATIONS[verb];
      return { annotations: { [key]: controlValue(waiting.task, by) }, note: ` (gate ${waiting.task})` };
    }
    case 'pause':
      return { annotations: { [CONTROL_ANNOTATIONS.pause]: controlValue('true', by) }, note: '' };
    case 'resume':
      if (pauseIn(metadata.annotations) === undefined) throw refuse('is not paused');
      return { annotations: { [CONTROL_ANNOTATIONS.pause]: controlValue('false', by) }, note: '' };
    case 'abort':
      return { annotations: { [CONTROL_ANNOTATIONS.abort]: controlValue('true', by) }, note: '' };
  }
}

/** The account of the cluster, or of this machine. */
async function who({ kube }: Context, io: Io): Promise<string> {
  const here = `${io.env['USER'] ?? io.env['LOGNAME'] ?? 'somebody'} on ${hostname()}`;
  if (kube === undefined) return here;
  const { whoAmI } = await import('../../adapters/kube/who-am-i.ts');
  return (await whoAmI(kube)) ?? here;
}
