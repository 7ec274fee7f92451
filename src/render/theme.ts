/** Colours and symbols by meaning. Colour is never the only carrier: a word stands beside it. Home of chalk. */
import { Chalk } from 'chalk';
import type { OutputStream } from '../io.ts';
import type { Verdict } from '../judge/assessment.ts';
import type { RecommendationKind } from '../judge/recommendation.ts';

/** Functions of their own: `lines.map(theme.bad)`. */
export interface Theme {
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly open: (text: string) => string;
  readonly strong: (text: string) => string;
  readonly dim: (text: string) => string;
  /** `✔ satisfied`. */
  readonly verdict: (verdict: Verdict) => string;
  /** Colour of a headline. */
  readonly headline: (kind: RecommendationKind, text: string) => string;
  /** A text in the colour of a verdict. */
  readonly ofVerdict: (verdict: Verdict, text: string) => string;
  /** One character, as high as a share from 0 to 1. */
  readonly stepBar: (share: number) => string;
  /** Characters of one column each: of progress, and of objectives (`value`: observed, `beyond`: off the picture). */
  readonly bar: Readonly<Record<'done' | 'head' | 'left' | 'value' | 'beyond' | 'limit' | 'block', string>>;
}

export interface ThemeOptions {
  readonly mode: 'auto' | 'always' | 'never';
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** NO_COLOR, even empty, and FORCE_COLOR count with `auto`; a flag wins over both. */
function colorLevel(stream: { readonly isTTY: boolean }, { mode, env }: ThemeOptions): 0 | 1 {
  if (mode !== 'auto') return mode === 'always' ? 1 : 0;
  const forced = env['FORCE_COLOR'];
  if (forced !== undefined) return forced === '0' || forced === 'false' ? 0 : 1;
  if (env['NO_COLOR'] !== undefined || env['TERM'] === 'dumb') return 0;
  return stream.isTTY ? 1 : 0;
}

/** Whether the terminal or file can be expected to take UTF-8. */
function takesUtf8(env: Readonly<Record<string, string | undefined>>): boolean {
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '';
  return locale === '' ? env['TERM'] !== 'linux' : /utf-?8/i.test(locale);
}

export function themeFor(stream: Pick<OutputStream, 'isTTY'>, options: ThemeOptions): Theme {
  const chalk = new Chalk({ level: colorLevel(stream, options) });
  const unicode = takesUtf8(options.env);
  const symbols = unicode
    ? { satisfied: '✔', violated: '✖', undecided: '?' }
    : { satisfied: 'ok', violated: 'no', undecided: '?' };
  // In bytes alone: tenths, as digits.
  const steps = (unicode ? '▁ ▂ ▃ ▄ ▅ ▆ ▇ █' : '0 1 2 3 4 5 6 7 8 9').split(' ');
  const good = (text: string) => chalk.green(text);
  const bad = (text: string) => chalk.red(text);
  const open = (text: string) => chalk.yellow(text);
  const colors = { satisfied: good, violated: bad, undecided: open };
  return {
    good,
    bad,
    open,
    strong: (text) => chalk.bold(text),
    dim: (text) => chalk.dim(text),
    verdict: (verdict) => colors[verdict](`${symbols[verdict]} ${verdict}`),
    headline: (kind, text) =>
      chalk.bold({ promote: good, 'do not promote': bad, undecided: open, failed: bad }[kind](text)),
    ofVerdict: (verdict, text) => colors[verdict](text),
    stepBar: (share) => steps[Math.min(steps.length - 1, Math.max(0, Math.floor(share * steps.length)))]!,
    bar: unicode
      ? { done: '━', head: '╸', left: '─', value: '●', beyond: '►', limit: '│', block: '█' }
      : { done: '=', head: '>', left: '-', value: 'o', beyond: '>', limit: '|', block: '#' },
  };
}
