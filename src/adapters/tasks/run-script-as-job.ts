/**
 * `run` scripts in the cluster: each as a Job in the experiment's namespace, under a service account of that namespace, so
 * that who may create an experiment gains nothing more by it.
 *
 * The Job's name is made of the experiment's uid and the task: a driver that comes after a killed one finds it and waits for
 * it, and nothing is run twice. Fields of a secret are references to it, never values.
 */
import { createHash } from 'node:crypto';
import { ConflictError, ForbiddenError, Iter8Error, messageOf, NotFoundError, UsageError } from '../../errors.ts';
import { qualifiedKey, type Experiment } from '../../experiment/experiment.ts';
import { runInputs } from '../../experiment/tasks/run-inputs.ts';
import { redact } from '../../text/redact.ts';
import type { Rejoined, SecretReader, TaskCall } from '../../drive/ports.ts';
import type { KubeClient } from '../kube/api-client.ts';
import { EXPERIMENTS, PODS, type Resource } from '../kube/resources.ts';
import { linesOf } from '../kube/read-lines.ts';
import { listWatch, type KubeObject } from '../kube/list-watch.ts';
import type { PerformTask } from './task-registry.ts';
import { scriptInput, type ScriptInput } from './script-input.ts';
import { MAX_OUTPUT_BYTES } from './script-output.ts';

const JOBS: Resource = { group: 'batch', version: 'v1', plural: 'jobs', namespaced: true };

/** How long its pod can be looked at. */
const KEPT_SECONDS = 86_400;
const SCRATCH = '/scratch';
const MAX_LINE = 65_536;

export interface ScriptJobPorts {
  readonly client: KubeClient;
  readonly secrets: SecretReader;
  /** Has bash; with what the scripts need. */
  readonly image: string;
  readonly serviceAccount: string;
  readonly onOutput: (line: string) => void;
}

type JobWaitPorts = Pick<ScriptJobPorts, 'client' | 'secrets' | 'onOutput'>;

interface Job extends KubeObject {
  readonly status?: {
    readonly conditions?: readonly {
      readonly type?: string;
      readonly status?: string;
      readonly reason?: string;
      readonly message?: string;
    }[];
  };
}

export function createScriptJobTask(ports: ScriptJobPorts): PerformTask {
  return async (call) => {
    const { experiment, signal } = call;
    const { namespace } = experiment.metadata;
    const { secret, timeoutMs } = runInputs(call.task);
    const key = secret === undefined ? undefined : qualifiedKey(secret, namespace);
    if (key !== undefined && key.namespace !== namespace) {
      throw new UsageError(`secret ${key.namespace}/${key.name} is of another namespace`, {
        hint: `in the cluster a script may use secrets of its experiment's namespace only: ${namespace}`,
      });
    }
    const fields = key === undefined ? undefined : await ports.secrets.read(key, signal);
    const script = scriptInput(call.task, experiment, fields === undefined ? undefined : Object.keys(fields));
    const job = jobObject(call, script, { ...ports, secretName: key?.name, timeoutMs });
    const { name } = job.metadata;
    await create(ports.client, job, signal);
    const failure = await awaitJob(ports, call, Object.values(fields ?? {}));
    if (failure !== undefined) throw failure;
    return `job ${name} has completed`;
  };
}

/**
 * The same for a driver that makes no Jobs: waits for the Job of a try that one before it has begun. A Job that this account may not see
 * may be under way: it rejects then.
 */
export async function rejoinScriptJob(ports: JobWaitPorts, call: TaskCall): Promise<Rejoined> {
  const { experiment, id, tries, signal } = call;
  const { namespace } = experiment.metadata;
  const name = jobName(experiment, id, tries);
  try {
    await ports.client.request({ verb: 'get', resource: JOBS, namespace, name, signal });
    ports.onOutput(`(waits for job ${namespace}/${name}, in which the driver before this one began the script)`);
    const error = await awaitJob(ports, call, await secretsIn(ports, call));
    return error === undefined ? { kind: 'done' } : { kind: 'failed', error };
  } catch (error) {
    if (error instanceof NotFoundError) return { kind: 'absent' };
    if (!(error instanceof ForbiddenError)) throw error;
    throw new ForbiddenError(
      `script ${id} may be under way in job ${namespace}/${name}, where the driver before this one began it, and that cannot be seen: ${messageOf(error)}`,
      { hint: `go on as somebody who may get, list and watch jobs in namespace ${namespace}`, cause: error },
    );
  }
}

/** What its output is shown without; undefined: that is not known any more. */
async function secretsIn(
  { secrets, onOutput }: JobWaitPorts,
  { task, experiment, signal }: TaskCall,
): Promise<readonly string[] | undefined> {
  const { secret } = runInputs(task);
  if (secret === undefined) return [];
  try {
    return Object.values(await secrets.read(qualifiedKey(secret, experiment.metadata.namespace), signal));
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof Iter8Error)) throw error;
    onOutput(`(what it prints is not shown, since it may hold a secret that cannot be read: ${messageOf(error)})`);
    return undefined;
  }
}

/**
 * Waits for the Job of a try, and prints what it printed without these values. The failure of its script; undefined when it has
 * completed.
 */
async function awaitJob(
  ports: Pick<ScriptJobPorts, 'client' | 'onOutput'>,
  call: TaskCall,
  secrets: readonly string[] | undefined,
): Promise<Iter8Error | undefined> {
  const { experiment, id, tries, signal } = call;
  const { namespace } = experiment.metadata;
  const key = { namespace, name: jobName(experiment, id, tries) };
  const ended = await endOf(ports.client, key, signal).catch(async (error: unknown) => {
    if (call.isAborted?.() === true) await deleteJob(ports, key);
    throw error;
  });
  if (ended.kind === 'deleted') return new Iter8Error(`job ${namespace}/${key.name} was deleted before it ended`);
  const last = secrets === undefined ? '' : await printLog(ports, key, secrets, signal);
  if (ended.kind === 'completed') return undefined;
  return new Iter8Error(
    `job ${namespace}/${key.name} failed (${ended.reason})${last === '' ? '' : `: ${last.slice(0, 300)}`}`,
    { hint: `kubectl logs -n ${namespace} job/${key.name}` },
  );
}

/** `tries`: each try has a Job of its own. */
export function jobName(experiment: Experiment, id: string, tries = 1): string {
  const taskId = tries === 1 ? id : `${id}-try${tries}`;
  const hash = createHash('sha256')
    .update(`${experiment.metadata.uid ?? ''}\n${taskId}`)
    .digest('hex')
    .slice(0, 10);
  // It is a label of its pods, too: at most 63 characters.
  const tail = `-${taskId.replace('/', '-')}-${hash}`;
  const head = experiment.metadata.name.slice(0, Math.min(40, 63 - tail.length)).replace(/[^a-z0-9]+$/, '');
  return `${head}${tail}`.replaceAll('.', '-');
}

/** Kubernetes replaces `$(NAME)` in commands and values, and `$$` by `$`: what is written here arrives as it is. */
function literal(text: string): string {
  return text.replaceAll('$', '$$$$');
}

/** Under the restricted Pod Security Standard. Pure. */
export function jobObject(
  call: TaskCall,
  script: ScriptInput,
  how: Pick<ScriptJobPorts, 'image' | 'serviceAccount'> & {
    readonly secretName: string | undefined;
    readonly timeoutMs: number;
  },
) {
  const { experiment, id, tries } = call;
  const { namespace, uid, name } = experiment.metadata;
  const labels = { 'app.kubernetes.io/managed-by': 'iter8ctl', 'app.kubernetes.io/component': 'script' };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: jobName(experiment, id, tries),
      namespace,
      labels,
      annotations: { 'iter8.tools/experiment': name, 'iter8.tools/task': id },
      ...(uid === undefined
        ? {}
        : {
            ownerReferences: [
              { apiVersion: `${EXPERIMENTS.group}/${EXPERIMENTS.version}`, kind: 'Experiment', name, uid },
            ],
          }),
    },
    spec: {
      backoffLimit: 0, // a script is run once
      activeDeadlineSeconds: Math.ceil(how.timeoutMs / 1000),
      ttlSecondsAfterFinished: KEPT_SECONDS,
      template: {
        metadata: { labels },
        spec: {
          restartPolicy: 'Never',
          serviceAccountName: how.serviceAccount,
          securityContext: {
            runAsNonRoot: true,
            runAsUser: 65532,
            runAsGroup: 65532,
            fsGroup: 65532,
            seccompProfile: { type: 'RuntimeDefault' },
          },
          containers: [
            {
              name: 'script',
              image: how.image,
              imagePullPolicy: 'IfNotPresent',
              command: ['bash', '-c', literal(script.text)],
              workingDir: SCRATCH,
              env: [
                ...Object.entries(script.env).map(([variable, value]) => ({ name: variable, value: literal(value) })),
                { name: 'SCRATCH_DIR', value: SCRATCH },
                { name: 'HOME', value: SCRATCH },
                ...Object.entries(script.secretEnv).map(([variable, field]) => ({
                  name: variable,
                  valueFrom: { secretKeyRef: { name: how.secretName, key: field } },
                })),
              ],
              resources: { requests: { cpu: '10m', memory: '32Mi' }, limits: { memory: '512Mi' } },
              securityContext: {
                allowPrivilegeEscalation: false,
                readOnlyRootFilesystem: true,
                capabilities: { drop: ['ALL'] },
              },
              volumeMounts: [{ name: 'scratch', mountPath: SCRATCH }],
            },
          ],
          volumes: [{ name: 'scratch', emptyDir: {} }],
        },
      },
    },
  };
}

async function create(client: KubeClient, job: ReturnType<typeof jobObject>, signal: AbortSignal): Promise<void> {
  const { namespace } = job.metadata;
  try {
    await client.request({ verb: 'create', resource: JOBS, namespace, body: job, signal });
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error; // an earlier driver made it
  }
}

type JobEnd =
  | { readonly kind: 'completed' }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'deleted' };

/** Waits until the Job has completed or failed. */
async function endOf(
  client: KubeClient,
  key: { readonly namespace: string; readonly name: string },
  signal: AbortSignal,
): Promise<JobEnd> {
  let isSeen = false;
  for await (const event of listWatch<Job>(client, {
    resource: JOBS,
    namespace: key.namespace,
    fieldSelector: `metadata.name=${key.name}`,
    signal,
  })) {
    // It may go before the first look, too.
    if (event.kind === 'deleted' || (event.kind === 'synced' && !isSeen)) return { kind: 'deleted' };
    if (event.kind !== 'set') continue;
    isSeen = true;
    const conditions = event.object.status?.conditions ?? [];
    if (conditions.some((one) => one.type === 'Complete' && one.status === 'True')) return { kind: 'completed' };
    const failed = conditions.find((one) => one.type === 'Failed' && one.status === 'True');
    if (failed !== undefined) return { kind: 'failed', reason: failed.message ?? failed.reason ?? 'no reason given' };
  }
  signal.throwIfAborted();
  throw new Iter8Error(`the watch of job ${key.namespace}/${key.name} ended`);
}

/** With its pods, which the API server keeps by default. For a job that is gone, or has ended meanwhile, nothing is to be done. */
async function deleteJob(
  { client, onOutput }: Pick<ScriptJobPorts, 'client' | 'onOutput'>,
  key: { readonly namespace: string; readonly name: string },
): Promise<void> {
  try {
    await client.request({ verb: 'delete', resource: JOBS, ...key, query: { propagationPolicy: 'Background' } });
  } catch (error) {
    if (!(error instanceof Iter8Error)) throw error;
    if (!(error instanceof NotFoundError))
      onOutput(`(job ${key.namespace}/${key.name} goes on: it cannot be deleted: ${messageOf(error)})`);
  }
}

/** Prints what the script printed, and returns the last line of it. A log that cannot be read is no failure. */
async function printLog(
  ports: Pick<ScriptJobPorts, 'client' | 'onOutput'>,
  key: { readonly namespace: string; readonly name: string },
  secrets: readonly string[],
  signal: AbortSignal,
): Promise<string> {
  let last = '';
  try {
    const { items } = await ports.client.request<{ readonly items?: readonly KubeObject[] | null }>({
      verb: 'list',
      resource: PODS,
      namespace: key.namespace,
      query: { labelSelector: `batch.kubernetes.io/job-name=${key.name}` },
      signal,
    });
    const pod = items?.[0];
    if (pod === undefined) return last;
    const answer = await ports.client.stream({
      verb: 'get',
      resource: PODS,
      namespace: key.namespace,
      name: pod.metadata.name,
      subresource: 'log',
      query: { limitBytes: String(MAX_OUTPUT_BYTES) },
      signal,
    });
    for await (const line of linesOf(answer, MAX_LINE)) {
      const clean = redact(line, secrets);
      if (clean.trim() !== '') last = clean;
      ports.onOutput(clean);
    }
  } catch (error) {
    signal.throwIfAborted();
    ports.onOutput(`(the log cannot be read: ${messageOf(error)})`);
  }
  return last;
}
