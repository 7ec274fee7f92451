/** `iter8ctl -n shop get`: flags that stand before the command, as `kubectl -n shop iter8 get` is typed, go behind it. */
import { Command } from 'commander';
import { withColorFlag, withStoreFlags } from './shared-flags.ts';

/** The same arguments with the command first. As they are where that is not known. */
export function commandFirst(argv: readonly string[]): readonly string[] {
  if (argv[0]?.startsWith('-') !== true) return argv;
  const { options } = withColorFlag(withStoreFlags(new Command()));
  let at = 0;
  while (argv[at]?.startsWith('-') === true) {
    const flag = argv[at]!;
    const isLong = flag.startsWith('--');
    const name = isLong ? flag.split('=', 1)[0]! : flag.slice(0, 2); // -nshop
    const option = options.find(({ short, long }) => name === short || name === long);
    if (option === undefined) return argv;
    at += option.required && name === flag ? 2 : 1;
  }
  if (at >= argv.length) return argv;
  return [argv[at]!, ...argv.slice(0, at), ...argv.slice(at + 1)];
}
