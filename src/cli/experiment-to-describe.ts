/** The one experiment that a command shows: by its name, the newest, or in a file. */
import { UsageError } from '../errors.ts';
import type { Experiment } from '../experiment/experiment.ts';
import type { Io } from '../io.ts';
import type { Driven } from '../view/experiment-view.ts';
import { chosenExperiment } from './choose-experiment.ts';
import { openContext, whileConnecting } from './context.ts';
import { sayTo } from './stderr-messages.ts';
import type { OutputFlags, StoreFlags } from './shared-flags.ts';
import { whoDrives } from './who-drives.ts';

export interface DescribedFlags extends StoreFlags, OutputFlags {
  readonly filename?: string;
  readonly ignoreOthers?: boolean;
}

/** The experiment that is named, the newest, or the one in a file. @throws UsageError, NotFoundError */
export async function findDescribed(
  name: string | undefined,
  flags: DescribedFlags,
  io: Io,
): Promise<{ readonly experiment: Experiment; readonly driven?: Driven | undefined }> {
  if (flags.filename !== undefined) {
    if (name !== undefined) throw new UsageError('give a name or -f, not both');
    const { readObject } = await import('./manifest-flags.ts');
    return { experiment: await readObject(flags.filename, io, flags.namespace, flags) };
  }
  const warn = sayTo(io);
  const context = await openContext(flags, io, warn);
  return whileConnecting(context, io, async () => {
    const experiment = await chosenExperiment(context, name, warn);
    return { experiment, driven: await whoDrives(experiment, context) };
  });
}
