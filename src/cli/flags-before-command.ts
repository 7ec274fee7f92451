/** `iter8ctl -n shop get`: flags that stand before the command, as `kubectl -n shop iter8 get` is typed, go behind it. */

/** Flags that every command on a cluster or folder has. `true`: a value follows. */
const SHARED: Readonly<Record<string, boolean>> = {
  '-n': true,
  '--namespace': true,
  '--dir': true,
  '--kubeconfig': true,
  '--context': true,
  '--cluster': true,
  '--user': true,
  '--as': true,
  '--as-group': true,
  '--as-uid': true,
  '--server': true,
  '-s': true,
  '--token': true,
  '--certificate-authority': true,
  '--tls-server-name': true,
  '--request-timeout': true,
  '--color': true,
  '-v': true,
  '--v': true,
  '--local': false,
  '--insecure-skip-tls-verify': false,
};

/** The same arguments with the command first. As they are where that is not known. */
export function commandFirst(argv: readonly string[]): readonly string[] {
  let at = 0;
  while (at < argv.length) {
    const flag = argv[at]!;
    if (!flag.startsWith('-')) break;
    const [name = ''] = flag.split('=');
    const isShort = /^-[nsv]./.test(flag); // -nshop
    if (!isShort && !Object.hasOwn(SHARED, name)) return argv;
    at += SHARED[name] === true && !isShort && name === flag ? 2 : 1;
  }
  if (at === 0 || at >= argv.length) return argv;
  return [argv[at]!, ...argv.slice(0, at), ...argv.slice(at + 1)];
}
