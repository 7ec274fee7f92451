/** A real terminal, by tmux: what stands on its screen, at any size. */
import { spawnSync } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { missingProgram } from './needs.ts';

/** Undefined where there is one. */
export const missingTerminal = (): string | undefined => missingProgram('tmux', '-V');

export interface Terminal extends Disposable {
  /** The lines on the screen, without spaces at their ends and empty ones below. */
  screen(): string;
  /** The same with what has left it at its top. */
  history(): string;
  /** Until the screen is as wanted: a text that stands on it, or what a function says. */
  until(wanted: string | ((screen: string) => boolean)): Promise<void>;
  resize(columns: number): void;
}

let opened = 0;

/** `command`: a line of a shell; when it ends, the terminal closes. */
export function openTerminal(command: string, how: { readonly cwd: string; readonly columns: number }): Terminal {
  opened += 1;
  const socket = `iter8ctl-terminal-${process.pid}-${opened}`;
  const tmux = (...args: string[]) =>
    spawnSync('tmux', ['-L', socket, ...args], {
      encoding: 'utf8',
      cwd: how.cwd,
      env: { ...process.env, LANG: 'C.UTF-8' },
    });
  const capture = (...from: string[]) =>
    tmux('capture-pane', '-p', ...from)
      .stdout.replaceAll(/ +$/gm, '')
      .trimEnd();
  const screen = () => capture();
  tmux('new-session', '-d', '-x', String(how.columns), '-y', '24', command);
  return {
    screen,
    history: () => capture('-S', '-'),
    until: async (wanted) => {
      const isThere = typeof wanted === 'string' ? (text: string) => text.includes(wanted) : wanted;
      while (!isThere(screen())) await delay(50);
    },
    resize: (columns) => void tmux('resize-window', '-x', String(columns), '-y', '24'),
    [Symbol.dispose]: () => void tmux('kill-server'),
  };
}
