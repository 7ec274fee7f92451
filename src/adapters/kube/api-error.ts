/** From an answer of the API server that is no success, or no answer at all, to an error that says what to do. Pure. */
import {
  ConflictError,
  ForbiddenError,
  InvalidManifestError,
  Iter8Error,
  messageOf,
  NotFoundError,
  UnavailableError,
} from '../../errors.ts';
import { sanitizeLine } from '../../text/sanitize.ts';

/** What the API server says about a failure. Source: k8s.io/apimachinery/pkg/apis/meta/v1 Status. */
export interface KubeStatus {
  readonly message?: string;
  readonly reason?: string;
  readonly details?: {
    readonly name?: string;
    readonly kind?: string;
    readonly group?: string;
    readonly retryAfterSeconds?: number;
    readonly causes?: readonly { readonly field?: string; readonly message?: string; readonly reason?: string }[];
  };
}

/** What was asked, and of whom: for messages. */
export interface Asked {
  readonly verb: string;
  /** `experiments.iter8.tools`. */
  readonly resource: string;
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly server: string;
  /** `context kind-dev`. */
  readonly description: string;
  /** How the user logs in, for the hint. */
  readonly credential: string;
}

/** An answer of the API server with a code of its own, kept for those who decide by it. */
export class ApiGoneError extends Iter8Error {
  override readonly name = 'ApiGoneError';
}

/** The API server is overloaded or starting: try again later. */
export class ApiBusyError extends UnavailableError {
  readonly retryAfterMs: number | undefined;
  constructor(message: string, options: ConstructorParameters<typeof UnavailableError>[1], retryAfterMs?: number) {
    super(message, options);
    this.retryAfterMs = retryAfterMs;
  }
}

const WITHOUT_CLUSTER = 'or work without a cluster: --local';

export function statusOf(text: string): KubeStatus {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null) return parsed;
  } catch {
    // told as it is
  }
  return { message: sanitizeLine(text.trim().slice(0, 300)) };
}

/** `experiments.iter8.tools "hello" in namespace default`. */
export function thingText(asked: Asked): string {
  const name = asked.name === undefined ? '' : ` ${JSON.stringify(asked.name)}`;
  return `${asked.resource}${name}${asked.namespace === undefined ? '' : ` in namespace ${asked.namespace}`}`;
}

export function apiError(code: number, status: KubeStatus, asked: Asked, retryAfterSeconds?: number): Iter8Error {
  const said = sanitizeLine(status.message ?? status.reason ?? `status ${code}`);
  const api = `the Kubernetes API at ${asked.server} (${asked.description})`;
  switch (code) {
    case 401:
      return new UnavailableError(`${api} does not accept the credentials: unauthorized`, {
        hint: `${asked.credential}; ${WITHOUT_CLUSTER}`,
      });
    case 403:
      return new ForbiddenError(`${asked.description} may not ${asked.verb} ${thingText(asked)}`, {
        details: [said],
        hint: `ask for the role that iter8ctl install makes, or check: kubectl auth can-i ${asked.verb} ${asked.resource}${asked.namespace === undefined ? ' --all-namespaces' : ` -n ${asked.namespace}`}`,
      });
    case 404:
      return notFound(status, asked);
    case 409:
      return new ConflictError(
        status.reason === 'AlreadyExists'
          ? `${thingText(asked)} is there already`
          : `${thingText(asked)} was changed by somebody else: ${said}`,
      );
    case 410:
      return new ApiGoneError(said);
    case 413:
      return new UnavailableError(`${thingText(asked)} is larger than ${api} takes: ${said}`);
    case 400:
    case 422:
      return new InvalidManifestError(
        `the API server refuses ${thingText(asked)}`,
        status.details?.causes === undefined || status.details.causes.length === 0
          ? [{ path: '', message: said }]
          : status.details.causes.map((cause) => ({
              path: sanitizeLine(cause.field ?? ''),
              message: sanitizeLine(cause.message ?? cause.reason ?? said),
            })),
      );
    case 429:
    case 500:
    case 502:
    case 503:
    case 504: {
      const seconds = retryAfterSeconds ?? status.details?.retryAfterSeconds;
      return new ApiBusyError(
        `${api} answers ${code}: ${said}`,
        { hint: 'try again in a moment' },
        seconds === undefined ? undefined : seconds * 1000,
      );
    }
    default:
      return new UnavailableError(`${api} answers ${code} to ${asked.verb} ${thingText(asked)}: ${said}`);
  }
}

/** Which of the three is missing: the object, its namespace, or the kind itself. */
function notFound(status: KubeStatus, asked: Asked): Iter8Error {
  const { kind, name } = status.details ?? {};
  if (kind === 'namespaces' && asked.resource !== 'namespaces') {
    return new NotFoundError(`namespace ${name ?? asked.namespace ?? ''} does not exist in ${asked.description}`, {
      hint: `make it (kubectl create namespace ${name ?? asked.namespace ?? 'NAME'}), or name another with -n`,
    });
  }
  if (name !== undefined && name !== '') return new NotFoundError(`${thingText(asked)} not found`);
  if (asked.resource.endsWith('.iter8.tools')) {
    return new UnavailableError(
      `the cluster of ${asked.description} does not know ${asked.resource}: its CRD is not installed`,
      { hint: `install it: iter8ctl install; ${WITHOUT_CLUSTER}` },
    );
  }
  return new NotFoundError(`${asked.description} does not know ${asked.resource}`);
}

/** Errors of sockets and TLS. */
export function connectionError(error: unknown, asked: Asked): Iter8Error {
  if (error instanceof Iter8Error) return error;
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const api = `the Kubernetes API at ${asked.server} (${asked.description})`;
  const tls = /^(ERR_TLS|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|ERR_SSL|EPROTO)/.test(code);
  return new UnavailableError(
    tls ? `${api} cannot be trusted: ${oneLine(error)}` : `${api} does not answer: ${oneLine(error)}`,
    {
      hint: tls
        ? `check certificate-authority of the cluster in the kubeconfig; ${WITHOUT_CLUSTER}`
        : `check the context (kubectl config current-context), ${WITHOUT_CLUSTER}`,
      cause: error,
    },
  );
}

/** `connect ECONNREFUSED 10.1.2.3:6443`; of several attempts the first. */
function oneLine(error: unknown): string {
  const first: unknown = error instanceof AggregateError ? (error.errors[0] ?? error) : error;
  return sanitizeLine(messageOf(first).split('\n')[0] || ((first as NodeJS.ErrnoException).code ?? 'unknown'));
}
