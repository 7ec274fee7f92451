/** Commands that messages ask people to type: with the flags that say where the experiment lives. */
import type { ObjectKey } from '../experiment/experiment.ts';
import { sanitizeLine } from '../text/sanitize.ts';
import type { StoreFlags } from './shared-flags.ts';

/** `iter8ctl run shop --dir ./tries`: what names the same object in the same place. `more`: other arguments. */
export type AsTyped = (
  command: string,
  of: Pick<ObjectKey, 'namespace'> & Partial<Pick<ObjectKey, 'name'>>,
  ...more: readonly string[]
) => string;

/** `namespace`: of commands that name none. */
export function asTypedWith(flags: StoreFlags, namespace: string): AsTyped {
  const where = [
    ...(flags.dir !== undefined ? ['--dir', flags.dir] : flags.local === true ? ['--local'] : []),
    ...clusterWords(flags),
  ];
  return (command, of, ...more) => {
    const inNamespace = flags.namespace !== undefined || of.namespace !== namespace ? ['-n', of.namespace] : [];
    const name = of.name === undefined ? [] : [of.name];
    return typed(command, ...name, ...inNamespace, ...where, ...more);
  };
}

/** The words as a shell takes them. */
export function typed(...words: readonly string[]): string {
  return ['iter8ctl', ...words].map(quoted).join(' ');
}

/** ` --context prod`: what names the same cluster behind a command; empty where nothing was given. */
export function clusterFlagsAsTyped(flags: StoreFlags): string {
  return clusterWords(flags)
    .map((word) => ` ${quoted(word)}`)
    .join('');
}

function clusterWords(flags: StoreFlags): string[] {
  const switches = flags.insecureSkipTlsVerify === true ? ['--insecure-skip-tls-verify'] : [];
  return [
    // Never --token: what is typed again is seen again.
    ...(
      [
        ['--kubeconfig', flags.kubeconfig],
        ['--context', flags.context],
        ['--cluster', flags.cluster],
        ['--user', flags.user],
        ['--server', flags.server],
        ['--as', flags.as],
        ['--as-uid', flags.asUid],
        ['--certificate-authority', flags.certificateAuthority],
        ['--tls-server-name', flags.tlsServerName],
      ] as const
    ).flatMap(([flag, value]) => (value === undefined ? [] : [flag, value])),
    ...(flags.asGroup ?? []).flatMap((group) => ['--as-group', group]),
    ...switches,
  ];
}

/** For a POSIX shell. What cannot be seen would not be typed. */
function quoted(argument: string): string {
  const text = sanitizeLine(argument);
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
