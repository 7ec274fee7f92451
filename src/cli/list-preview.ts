/** A long list takes seconds until it is whole: on a terminal the first lines of what is known so far stand there meanwhile. */
import type { Io } from '../io.ts';
import type { ListRow } from '../view/experiment-view.ts';
import { whileConnecting, type Context } from './context.ts';
import type { OutputFlags } from './shared-flags.ts';

export interface ListPreview {
  /** One more has been read. */
  readonly seen: () => void;
  /** Reads the list; a spinner until the first object of it, then the preview, which is gone at the end. */
  readonly during: <T>(list: () => Promise<T>) => Promise<T>;
}

/** `rows`: the lines known so far, sorted; asked when they are drawn. */
export function listPreview(
  context: Context,
  {
    flags,
    io,
    namespace,
    rows,
  }: {
    readonly flags: OutputFlags;
    readonly io: Io;
    readonly namespace: string | undefined;
    readonly rows: () => readonly ListRow[];
  },
): ListPreview {
  // Whoever reads a pipe wants the list alone, and nobody sees a preview of files: they are read at once.
  const isShown = context.kube !== undefined && io.stdout.isTTY && ['text', 'wide'].includes(flags.output);
  let begin = (): void => undefined;
  const begun = new Promise<void>((resolve) => (begin = resolve));
  let draw = (): void => undefined;
  return {
    seen: () => {
      begin();
      draw();
    },
    during: async (list) => {
      if (!isShown) return whileConnecting(context, io, list);
      const work = list();
      await whileConnecting(context, io, () => Promise.race([begun, work]));
      const { createListProgress } = await import('./progress-display.ts');
      const progress = createListProgress(io, flags, () => namespace);
      draw = () => progress.changed(rows, { isWhole: false });
      draw(); // what came before
      try {
        return await work;
      } finally {
        progress.end();
      }
    },
  };
}
