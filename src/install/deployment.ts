/** The controller's Deployment, under the restricted Pod Security Standard: no root, no writable root, no capability. */
import type { Resource } from '../adapters/kube/api-client.ts';
import { SYSTEM_NAMESPACE } from '../experiment/metric-names.ts';
import { LABELS, type InstallObject } from './install-object.ts';
import { CONTROLLER } from './rbac.ts';

export const DEPLOYMENTS: Resource = { group: 'apps', version: 'v1', plural: 'deployments', namespaced: true };
const NAMESPACES: Resource = { group: '', version: 'v1', plural: 'namespaces', namespaced: false };

export interface ControllerOptions {
  readonly image: string;
  readonly replicas: number;
  readonly allowScripts: boolean;
  /** Of the Jobs of scripts. */
  readonly scriptImage: string;
}

/** Where the controller answers health checks and gives its metrics. */
export const HEALTH_PORT = 8080;
/** Not root, and nobody's on the usual images. */
const USER = 65532;

export function systemNamespace(): InstallObject {
  return {
    resource: NAMESPACES,
    object: {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: {
        name: SYSTEM_NAMESPACE,
        labels: { ...LABELS, 'pod-security.kubernetes.io/enforce': 'restricted' },
      },
    },
  };
}

export function controllerDeployment(options: ControllerOptions): InstallObject {
  const selector = { 'app.kubernetes.io/name': 'iter8ctl', 'app.kubernetes.io/component': 'controller' };
  const probe = (path: string) => ({ httpGet: { path, port: 'health' }, timeoutSeconds: 5 });
  return {
    resource: DEPLOYMENTS,
    object: {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: CONTROLLER, namespace: SYSTEM_NAMESPACE, labels: { ...LABELS, ...selector } },
      spec: {
        replicas: options.replicas,
        selector: { matchLabels: selector },
        template: {
          metadata: { labels: { ...LABELS, ...selector } },
          spec: {
            serviceAccountName: CONTROLLER,
            // What is being measured is drained and saved first.
            terminationGracePeriodSeconds: 60,
            securityContext: {
              runAsNonRoot: true,
              runAsUser: USER,
              runAsGroup: USER,
              seccompProfile: { type: 'RuntimeDefault' },
            },
            containers: [
              {
                name: 'controller',
                image: options.image,
                imagePullPolicy: 'IfNotPresent',
                args: [
                  'controller',
                  '--health-address',
                  `0.0.0.0:${HEALTH_PORT}`,
                  ...(options.allowScripts ? ['--allow-scripts', '--script-image', options.scriptImage] : []),
                ],
                env: [
                  { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
                  { name: 'POD_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
                  { name: 'HOME', value: '/tmp' },
                ],
                ports: [{ name: 'health', containerPort: HEALTH_PORT }],
                livenessProbe: { ...probe('/healthz'), periodSeconds: 20, failureThreshold: 3 },
                readinessProbe: { ...probe('/readyz'), periodSeconds: 5 },
                resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '1Gi' } },
                securityContext: {
                  allowPrivilegeEscalation: false,
                  readOnlyRootFilesystem: true,
                  capabilities: { drop: ['ALL'] },
                },
                volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
              },
            ],
            volumes: [{ name: 'tmp', emptyDir: {} }],
          },
        },
      },
    },
  };
}
