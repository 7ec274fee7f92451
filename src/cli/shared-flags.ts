/** Flags that several commands share, and how their values are read. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { UsageError } from '../errors.ts';
import { parseDurationMs } from '../text/duration.ts';

export type ColorMode = 'auto' | 'always' | 'never';
const COLOR_MODES = ['auto', 'always', 'never'] as const;

/** Where experiments live: flags as in kubectl, and `--local`. */
export interface StoreFlags {
  readonly local?: boolean;
  readonly dir?: string;
  readonly namespace?: string;
  readonly allNamespaces?: boolean;
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly cluster?: string;
  readonly user?: string;
  readonly requestTimeout?: number;
  readonly server?: string;
  readonly token?: string;
  readonly as?: string;
  readonly asGroup?: string[];
  readonly asUid?: string;
  readonly certificateAuthority?: string;
  readonly insecureSkipTlsVerify?: boolean;
  readonly tlsServerName?: string;
  readonly v?: number;
}

export interface OutputFlags {
  readonly output: string;
  readonly color: ColorMode;
  readonly chart?: boolean;
}

/** `--chart`: of commands whose answer is one experiment. */
export function withChartFlag(command: Command): Command {
  return command.option('--chart', 'with a histogram of the latencies').hook('preAction', () => {
    const { chart, output } = command.opts<Partial<OutputFlags>>();
    if (chart === true && output !== 'text') throw new UsageError('--chart goes with -o text');
  });
}

/** Go duration, or seconds when only a number is given, as kubectl takes it. Result in ms. */
export function durationFlag(text: string): number {
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : parseDurationMs(text);
  if (ms === undefined || ms < 0) throw new InvalidArgumentError('write a duration such as 30s, 5m or 1h30m.');
  return ms;
}

export function numberFlag(limits: { readonly min: number; readonly integer?: boolean }): (text: string) => number {
  return (text) => {
    const value = Number(text);
    const wanted = `${limits.integer === true ? 'a whole number' : 'a number'} of at least ${limits.min}`;
    if (
      text.trim() === '' ||
      !Number.isFinite(value) ||
      value < limits.min ||
      (limits.integer === true && !Number.isInteger(value))
    ) {
      throw new InvalidArgumentError(`expected ${wanted}.`);
    }
    return value;
  };
}

/** A flag as it is typed: `--min-seconds`; of a setting that is false `--no-extend`. */
export function flagText(name: string, value?: unknown): string {
  const words = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return `--${value === false ? 'no-' : ''}${words}`;
}

/** Collects a flag that may be given several times. */
export function repeated(value: string, before: readonly string[] | undefined): string[] {
  return [...(before ?? []), value];
}

/** An empty value, as an unset variable of a script makes it, is one that is not given: as in kubectl. */
export function notEmpty(value: string): string | undefined {
  return value === '' ? undefined : value;
}

/** The address of a Prometheus: callers of the API never see it, and gain no credentials by it. */
export function prometheusFlag(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain = url?.username === '' && url.password === '' && url.search === '' && url.hash === '';
  if (url === undefined || !/^https?:$/.test(url.protocol) || !isPlain || /[{}$*]/.test(text))
    throw new InvalidArgumentError('write an address such as http://prometheus.monitoring:9090, without a password.');
  return text.replace(/\/+$/, '');
}

export function withStoreFlags(command: Command): Command {
  return withKubeFlags(
    command
      .option('--local', 'experiments are files in a folder: no cluster')
      .option('--dir <folder>', 'the folder of local mode (default ./.iter8, or ITER8_DIR); implies --local')
      .option('-n, --namespace <name>', 'namespace of the experiment', notEmpty),
  );
}

/** Which cluster, as in kubectl. */
export function withKubeFlags(command: Command): Command {
  return command
    .option('--kubeconfig <file>', 'kubeconfig to use', notEmpty)
    .option('--context <name>', 'context of the kubeconfig', notEmpty)
    .option('--cluster <name>', 'cluster of the kubeconfig', notEmpty)
    .option('--user <name>', 'user of the kubeconfig', notEmpty)
    .option('-s, --server <url>', 'address of the API server', notEmpty)
    .option('--token <token>', 'bearer token (others may see it in the list of processes)', notEmpty)
    .option('--as <user>', 'act as this user', notEmpty)
    .option('--as-group <group>', 'and as a member of this group; repeat it', repeated)
    .option('--as-uid <uid>', 'and with this UID', notEmpty)
    .option(
      '--certificate-authority <file>',
      'certificate of the authority that signed that of the API server',
      notEmpty,
    )
    .option('--insecure-skip-tls-verify', 'do not verify the certificate of the API server')
    .option('--tls-server-name <name>', 'name that this certificate must have', notEmpty)
    .option('--request-timeout <duration>', 'longest wait for one answer of the API server', durationFlag)
    .option(
      '-v, --v <level>',
      'from 6 on: a line for each request to the API server, with its status and time',
      numberFlag({ min: 0, integer: true }),
    );
}

export function withOutputFlags(command: Command, formats: readonly string[]): Command {
  return withColorFlag(
    command.addOption(new Option('-o, --output <format>', 'what to print').choices([...formats]).default('text')),
  );
}

export function withColorFlag(command: Command): Command {
  return command.addOption(
    new Option('--color <when>', 'colours; NO_COLOR and FORCE_COLOR count too')
      .choices([...COLOR_MODES])
      .default('auto'),
  );
}

/** Of objects, as kubectl prints them: formats that take a template. */
const TEMPLATES = ['jsonpath', 'custom-columns'] as const;

/** `-o`, where objects can be printed by template too. */
export function withObjectOutput(command: Command, formats: readonly string[]): Command {
  const all = [...formats, ...TEMPLATES.map((name) => `${name}=...`)];
  const read = (value: string): string => {
    const [name = ''] = value.split('=');
    if (formats.includes(value) || (value.includes('=') && TEMPLATES.some((one) => one === name))) return value;
    const others = /^(go-template|template|jsonpath-|custom-columns-)/.test(value)
      ? ' (templates of Go are not supported: use jsonpath=)'
      : '';
    throw new InvalidArgumentError(`Allowed choices are ${all.join(', ')}${others}.`);
  };
  const option = new Option('-o, --output <format>', 'what to print').choices(all).argParser(read);
  return withColorFlag(command.addOption(option.default('text')));
}

/** The colour mode of a command line that may not have been parsed, for error texts. */
export function colorMode(argv: readonly string[]): ColorMode {
  const at = argv.indexOf('--color');
  const written = at >= 0 ? argv[at + 1] : argv.find((arg) => arg.startsWith('--color='))?.slice('--color='.length);
  return COLOR_MODES.find((mode) => mode === written) ?? 'auto';
}

/** Flags that put settings over spec.criteria.strength. */
export interface StrengthFlags {
  readonly confidence?: string;
  readonly extend?: boolean;
  readonly maxSeconds?: number;
  readonly maxRequests?: number;
  readonly minSeconds?: number;
  readonly minRequests?: number;
  readonly stopEarly?: boolean;
}

export function withStrengthFlags(command: Command): Command {
  return command
    .option('--confidence <level>', 'confidence of every verdict, per side, e.g. 0.99; none compares point values')
    .option('--no-extend', 'send exactly the planned load')
    .option('--max-seconds <n>', 'where extending the load ends, per task', numberFlag({ min: 0 }))
    .option('--max-requests <n>', 'the same in requests, per version', numberFlag({ min: 0, integer: true }))
    .option('--min-seconds <n>', 'no verdict before', numberFlag({ min: 0 }))
    .option('--min-requests <n>', 'no verdict before', numberFlag({ min: 0, integer: true }))
    .option('--stop-early', 'end the load as soon as everything is decided');
}

/** The settings that were given as flags, in the form of spec.criteria.strength. */
export function strengthOf(flags: StrengthFlags): Record<string, unknown> {
  const settings: Record<string, unknown> = {};
  if (flags.confidence !== undefined) {
    const value = flags.confidence === 'none' ? 'none' : Number(flags.confidence);
    if (value !== 'none' && !(value > 0.5 && value < 1)) {
      throw new UsageError(`--confidence ${flags.confidence}: expected a number above 0.5 and below 1, or none`, {
        hint: 'for example --confidence 0.99',
      });
    }
    settings['confidence'] = value;
  }
  if (flags.extend === false) settings['extend'] = false;
  for (const key of ['maxSeconds', 'maxRequests', 'minSeconds', 'minRequests'] as const) {
    if (flags[key] !== undefined) settings[key] = flags[key];
  }
  if (flags.stopEarly === true) settings['stopEarly'] = true;
  return settings;
}
