/** Wires implementations to ports: the only place that knows which store, lock and load generator are used. */
import { hostname } from 'node:os';
import path from 'node:path';
import { messageOf, UnavailableError } from '../errors.ts';
import type { Io } from '../io.ts';
import type { ObjectKey } from '../domain/api/experiment.ts';
import type {
  DriverLock,
  ExperimentStore,
  Holder,
  LoadGenerator,
  RecordLog,
  RequestBuilder,
  SecretReader,
  TaskRunner,
} from '../engine/ports.ts';
import type { StoreFlags } from './options.ts';

/** What every command works with. */
export interface Context {
  readonly mode: 'local' | 'cluster';
  readonly store: ExperimentStore;
  readonly lock: DriverLock;
  readonly records: RecordLog;
  readonly secrets: SecretReader;
  /** Namespace of commands that name none. */
  readonly namespace: string;
  /** This process, as others see it. */
  readonly self: Holder;
}

const DEFAULT_DIR = '.iter8';

/** The folder of local mode, or undefined when a cluster is meant. */
function localDir(flags: StoreFlags, io: Io): string | undefined {
  if (flags.local !== true && flags.dir === undefined) return undefined;
  return path.resolve(io.cwd, flags.dir ?? io.env['ITER8_DIR'] ?? DEFAULT_DIR);
}

/** As it would be typed: relative when it lies below. */
function shownDir(dir: string, cwd: string): string {
  const relative = path.relative(cwd, dir);
  return relative.startsWith('..') || path.isAbsolute(relative) ? dir : `./${relative}`;
}

/** Opens the store that the flags name. `warn` takes sentences about objects that cannot be read. */
export async function openContext(flags: StoreFlags, io: Io, warn: (text: string) => void): Promise<Context> {
  const dir = localDir(flags, io);
  if (dir === undefined) {
    throw new UnavailableError('this version of iter8ctl works without a cluster only', {
      hint: 'add --local: experiments are files in ./.iter8 then',
    });
  }
  const [{ createFileStore }, { createFileSecrets }, { createFileLock }, { createFileRecordLog }] = await Promise.all([
    import('../adapters/store/file.ts'),
    import('../adapters/store/secrets.ts'),
    import('../adapters/store/lock.ts'),
    import('../adapters/store/record-log.ts'),
  ]);
  return {
    mode: 'local',
    store: createFileStore({
      dir,
      shownDir: shownDir(dir, io.cwd),
      clock: io.clock,
      pid: io.pid,
      onUnreadable: (error) => warn(messageOf(error)),
    }),
    lock: createFileLock({ dir, clock: io.clock, pid: io.pid }),
    records: createFileRecordLog({ dir, onUnreadable: warn }),
    secrets: createFileSecrets({ dir }),
    namespace: flags.namespace ?? 'default',
    self: {
      identity: `${hostname()}/${io.pid}/${Math.round(io.clock.now())}`,
      description: `process ${io.pid} on ${hostname()}`,
    },
  };
}

/** What only a driver needs: loaded when something is driven. */
export interface Driver {
  readonly load: LoadGenerator;
  readonly requests: RequestBuilder;
  readonly tasks: TaskRunner;
}

export async function openDriver(context: Context): Promise<Driver> {
  const [{ createLoadGenerator }, { createRequestBuilder }, { createTaskRunner }] = await Promise.all([
    import('../adapters/load/generator.ts'),
    import('../adapters/load/requests.ts'),
    import('../adapters/tasks/registry.ts'),
  ]);
  return {
    load: createLoadGenerator(),
    requests: createRequestBuilder({ secrets: context.secrets }),
    tasks: createTaskRunner(),
  };
}

/** The object that a command names, in the namespace that it names. */
export function keyOf(context: Context, name: string): ObjectKey {
  return { namespace: context.namespace, name };
}
