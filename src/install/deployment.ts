/** The controller's Deployment, under the restricted Pod Security Standard: no root, no writable root, no capability. */
import { NAMESPACES, SERVICES, type Resource } from '../adapters/kube/resources.ts';
import { SYSTEM_NAMESPACE } from '../experiment/metric-names.ts';
import { LABELS, type InstallObject } from './install-object.ts';
import { CONTROLLER } from './cluster-roles.ts';

export const DEPLOYMENTS: Resource = { group: 'apps', version: 'v1', plural: 'deployments', namespaced: true };

export interface ControllerOptions {
  readonly image: string;
  readonly replicas: number;
  readonly allowScripts: boolean;
  /** Of the Jobs of scripts. */
  readonly scriptImage: string;
  /** Absent: there is no HTTP API. */
  readonly api?: ApiOptions | undefined;
  /** Absent: measured values are pushed nowhere. */
  readonly otel?: OtelOptions | undefined;
}

export interface OtelOptions {
  /** Environment variables of OpenTelemetry, by name; none of them is secret. */
  readonly variables: Readonly<Record<string, string>>;
  /** A Secret beside the controller, whose key `headers` goes with each push. Absent: no headers. */
  readonly headersSecret?: string | undefined;
}

export interface ApiOptions {
  /** A Secret of type kubernetes.io/tls beside the controller. Absent: plain HTTP. */
  readonly tlsSecret?: string | undefined;
  /** The one that verdicts ask. Absent: none. */
  readonly prometheus?: string | undefined;
}

/** Where the controller answers health checks and gives its metrics. */
const HEALTH_PORT = 8080;
const API_PORT = 8443;
const API_SERVICE = 'iter8ctl-api';
/** Of the Secret that has the headers of pushes. */
const HEADERS_KEY = 'headers';
const TLS_DIR = '/etc/iter8ctl/api-tls';
const SELECTOR = { 'app.kubernetes.io/name': 'iter8ctl', 'app.kubernetes.io/component': 'controller' };
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
  const selector = SELECTOR;
  const { api } = options;
  const hasTls = api?.tlsSecret !== undefined;
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
          metadata: {
            labels: { ...LABELS, ...selector },
            // What the usual configurations of Prometheus look for; docs/observability.md.
            annotations: {
              'prometheus.io/scrape': 'true',
              'prometheus.io/port': String(HEALTH_PORT),
              'prometheus.io/path': '/metrics',
            },
          },
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
                  ...(api === undefined ? [] : apiArguments(api)),
                ],
                env: [
                  { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
                  { name: 'POD_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
                  { name: 'HOME', value: '/tmp' },
                  ...(options.otel === undefined ? [] : otelEnv(options.otel)),
                ],
                ports: [
                  { name: 'health', containerPort: HEALTH_PORT },
                  ...(api === undefined ? [] : [{ name: 'api', containerPort: API_PORT }]),
                ],
                livenessProbe: { ...probe('/healthz'), periodSeconds: 20, failureThreshold: 3 },
                readinessProbe: { ...probe('/readyz'), periodSeconds: 5 },
                resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '1Gi' } },
                securityContext: {
                  allowPrivilegeEscalation: false,
                  readOnlyRootFilesystem: true,
                  capabilities: { drop: ['ALL'] },
                },
                volumeMounts: [
                  { name: 'tmp', mountPath: '/tmp' },
                  ...(hasTls ? [{ name: 'api-tls', mountPath: TLS_DIR, readOnly: true }] : []),
                ],
              },
            ],
            volumes: [
              { name: 'tmp', emptyDir: {} },
              ...(hasTls ? [{ name: 'api-tls', secret: { secretName: api.tlsSecret } }] : []),
            ],
          },
        },
      },
    },
  };
}

/** Names in order, as Helm goes through a map. */
function otelEnv({ variables, headersSecret }: OtelOptions): object[] {
  const named = Object.entries(variables).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return [
    ...named.map(([name, value]) => ({ name, value })),
    ...(headersSecret === undefined
      ? []
      : [
          {
            name: 'OTEL_EXPORTER_OTLP_HEADERS',
            valueFrom: { secretKeyRef: { name: headersSecret, key: HEADERS_KEY } },
          },
        ]),
  ];
}

function apiArguments({ tlsSecret, prometheus }: ApiOptions): string[] {
  return [
    '--api-address',
    `0.0.0.0:${API_PORT}`,
    ...(tlsSecret === undefined ? ['--api-plain-http'] : ['--api-tls-dir', TLS_DIR]),
    ...(prometheus === undefined ? [] : ['--api-prometheus', prometheus]),
  ];
}

/** Every controller answers, also those that wait to drive. */
export function apiService({ tlsSecret }: ApiOptions): InstallObject {
  const port = tlsSecret === undefined ? { name: 'http', port: 80 } : { name: 'https', port: 443 };
  return {
    resource: SERVICES,
    object: {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: API_SERVICE, namespace: SYSTEM_NAMESPACE, labels: LABELS },
      spec: { selector: SELECTOR, ports: [{ ...port, targetPort: 'api' }] },
    },
  };
}
