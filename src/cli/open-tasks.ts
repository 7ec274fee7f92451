/** Which tasks can be done here, and how: what `open-driver.ts` opens. */
import type { KubeClient } from '../adapters/kube/api-client.ts';
import type { Rejoined, SecretReader, TaskCall, TaskRunner } from '../drive/ports.ts';
import type { Io } from '../io.ts';
import { createTaskRunner, type TaskImplementations } from '../adapters/tasks/task-registry.ts';
import { VERSION } from '../version.ts';

/** What tasks are done with; `kube` absent in local mode. */
interface Context {
  readonly secrets: SecretReader;
  readonly kube?: KubeClient | undefined;
}

/** Where scripts are run: here, or as Jobs beside their experiments. */
export type ScriptPlace =
  | { readonly kind: 'here'; readonly onOutput: (line: string) => void }
  | {
      readonly kind: 'job';
      readonly image: string;
      readonly serviceAccount: string;
      readonly onOutput: (line: string) => void;
    };

/** `scripts` absent: none is run. */
export async function openTasks(context: Context, io: Io, scripts: ScriptPlace | undefined): Promise<TaskRunner> {
  const { kube } = context;
  return createTaskRunner(
    {
      ...(scripts === undefined ? {} : { run: await openScripts(context, io, scripts) }),
      ...notificationTasks(context, io),
      ...(kube === undefined
        ? {}
        : {
            'common/readiness': (await import('../adapters/tasks/readiness.ts')).createReadinessTask({
              client: kube,
              clock: io.clock,
            }),
          }),
    },
    {
      keepsScripts: scripts?.kind === 'job' && kube !== undefined,
      ...(scripts?.kind === 'here' && kube !== undefined
        ? { rejoinScript: (call) => rejoinJob({ ...context, kube }, scripts, call) }
        : {}),
    },
  );
}

/** A Job of the controller that drove it before: loaded when there may be one. */
async function rejoinJob(
  { kube: client, secrets }: Context & { readonly kube: KubeClient },
  { onOutput }: Extract<ScriptPlace, { kind: 'here' }>,
  call: TaskCall,
): Promise<Rejoined> {
  const { rejoinScriptJob } = await import('../adapters/tasks/run-script-as-job.ts');
  return rejoinScriptJob({ client, secrets, onOutput }, call);
}

/** Loaded with the first message. */
function notificationTasks({ secrets }: Context, { env }: Io): TaskImplementations {
  const ports = { secrets, env, userAgent: `iter8ctl/${VERSION}` };
  return {
    'notification/http': async (call) =>
      (await import('../adapters/tasks/notify-http.ts')).createHttpNotification(ports)(call),
    'notification/slack': async (call) =>
      (await import('../adapters/tasks/notify-slack.ts')).createSlackNotification(ports)(call),
  };
}

async function openScripts(context: Context, io: Io, place: ScriptPlace) {
  const { kube, secrets } = context;
  if (place.kind === 'job' && kube !== undefined) {
    const { createScriptJobTask } = await import('../adapters/tasks/run-script-as-job.ts');
    return createScriptJobTask({ client: kube, secrets, ...place });
  }
  const [{ createScriptTask }, { exportKubeconfig }] = await Promise.all([
    import('../adapters/tasks/run-script.ts'),
    import('../adapters/kube/minimal-kubeconfig.ts'),
  ]);
  return createScriptTask({
    secrets,
    env: io.env,
    ...(kube === undefined ? {} : { kubeconfig: () => exportKubeconfig(kube.chosen) }),
    onOutput: place.onOutput,
    clock: io.clock,
    kill: (pid, signal) => io.kill(pid, signal),
  });
}
