/** Commands that messages ask people to type: with the flags that say where the experiment lives. */
import type { ObjectKey } from '../experiment/experiment.ts';
import { sanitizeLine } from '../text/sanitize.ts';
import type { StoreFlags } from './shared-flags.ts';

/** `iter8ctl run shop --dir ./tries`: what names the same object in the same place. */
export type AsTyped = (command: string, of: ObjectKey) => string;

/** `namespace`: of commands that name none. */
export function asTypedWith(flags: StoreFlags, namespace: string): AsTyped {
  const where = [
    ...(flags.dir !== undefined ? ['--dir', flags.dir] : flags.local === true ? ['--local'] : []),
    // Never --token: what is typed again is seen again.
    ...(['kubeconfig', 'context', 'cluster', 'user', 'server', 'as'] as const).flatMap((flag) =>
      flags[flag] === undefined ? [] : [`--${flag}`, flags[flag]],
    ),
    ...(flags.asGroup ?? []).flatMap((group) => ['--as-group', group]),
  ];
  return (command, of) => {
    const inNamespace = flags.namespace !== undefined || of.namespace !== namespace ? ['-n', of.namespace] : [];
    return `iter8ctl ${[command, of.name, ...inNamespace, ...where].map(quoted).join(' ')}`;
  };
}

/** For a POSIX shell. What cannot be seen would not be typed. */
function quoted(argument: string): string {
  const text = sanitizeLine(argument);
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
