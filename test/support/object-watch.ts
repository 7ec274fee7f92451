/** What happens to objects of a cluster, as its API reports it to watches: for tests that must not stand between it and a driver. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface WatchedObject {
  readonly metadata: { readonly name: string };
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: unknown;
  readonly data?: Readonly<Record<string, string>>;
}

/** `target`: the path of a list in the API. `see` is called for each change; not for what is there at the beginning. */
export function watchObjects(kubeconfig: string, target: string, see: (object: WatchedObject) => void): Disposable {
  const child = spawn('kubectl', ['--kubeconfig', kubeconfig, 'get', '--raw', `${target}?watch=1`], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { type, object } = JSON.parse(line) as { readonly type: string; readonly object: WatchedObject };
    if (type === 'MODIFIED') see(object);
  });
  return { [Symbol.dispose]: () => void child.kill() };
}
