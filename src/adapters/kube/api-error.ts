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
import { redactUrls } from '../../text/redact.ts';
import { sanitizeLine } from '../../text/sanitize.ts';
import { isObject } from '../../text/check-fields.ts';
import { isText } from './value-types.ts';

/** What the API server says about a failure. Source: k8s.io/apimachinery/pkg/apis/meta/v1 Status. */
export interface KubeStatus {
  /** It does not come from an API server: a proxy, a gateway, some other service. */
  readonly foreign?: boolean;
  readonly message?: string | undefined;
  readonly reason?: string | undefined;
  readonly details?: {
    readonly name?: string | undefined;
    readonly kind?: string | undefined;
    readonly retryAfterSeconds?: number | undefined;
    readonly causes?: readonly {
      readonly field?: string | undefined;
      readonly message?: string | undefined;
      readonly reason?: string | undefined;
    }[];
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
  /** `cluster c`: the entry of the kubeconfig that names the server. */
  readonly cluster: string;
  /** What names the proxy on the way, if there is one. */
  readonly proxy: string | undefined;
  /** What names this cluster behind a command of ours: ` --context prod`, or nothing. */
  readonly flags?: string;
}

/** The version of the objects that was asked for is too old: the list changed too much meanwhile. */
export class ApiGoneError extends UnavailableError {}

/** The API server is overloaded or starting: try again later. */
export class ApiBusyError extends UnavailableError {
  readonly retryAfterMs: number | undefined;
  /** It did not do what was asked: otherwise it may have done it before it failed. */
  readonly refused: boolean;
  constructor(
    message: string,
    options: ConstructorParameters<typeof UnavailableError>[1],
    more: { readonly retryAfterMs?: number | undefined; readonly refused?: boolean } = {},
  ) {
    super(message, options);
    this.retryAfterMs = more.retryAfterMs;
    this.refused = more.refused === true;
  }
}

/** No connection, or one that broke before the whole answer had come. */
export class ApiUnreachableError extends UnavailableError {
  /** It was open before it broke: the server may be there all the same. */
  readonly reset: boolean;
  constructor(
    message: string,
    options: ConstructorParameters<typeof UnavailableError>[1] & { readonly reset: boolean },
  ) {
    super(message, options);
    this.reset = options.reset;
  }
}

/** Fields that a server-side apply would set, and that belong to others. */
export class FieldsConflictError extends ConflictError {
  readonly conflicts: readonly { readonly owner: string; readonly field: string }[];
  constructor(message: string, conflicts: FieldsConflictError['conflicts']) {
    super(message, { details: conflicts.map(({ owner, field }) => `${field} belongs to ${owner}`) });
    this.conflicts = conflicts;
  }
}

/** Whether waiting may help: not for credentials, permissions, trust or a kind that is not there. */
export function isTransient(error: unknown): boolean {
  return error instanceof ApiBusyError || error instanceof ApiUnreachableError;
}

const WITHOUT_CLUSTER = 'or work without a cluster: --local';

export function statusOf(text: string): KubeStatus {
  try {
    const parsed: unknown = JSON.parse(text);
    if (isObject(parsed) && parsed['kind'] === 'Status') return statusIn(parsed);
  } catch {
    // It is shown as it is.
  }
  return { foreign: true, message: sanitizeLine(text.trim().slice(0, 300)) };
}

/** Whatever is not of its type is left out. */
function statusIn(parsed: Readonly<Record<string, unknown>>): KubeStatus {
  const text = (value: unknown) => (isText(value) ? value : undefined);
  const details = isObject(parsed['details']) ? parsed['details'] : undefined;
  const seconds = details?.['retryAfterSeconds'];
  const causes = details?.['causes'];
  return {
    message: text(parsed['message']),
    reason: text(parsed['reason']),
    ...(details === undefined
      ? {}
      : {
          details: {
            name: text(details['name']),
            kind: text(details['kind']),
            retryAfterSeconds: typeof seconds === 'number' && seconds >= 0 ? seconds : undefined,
            causes: (Array.isArray(causes) ? causes : []).filter(isObject).map((cause) => ({
              field: text(cause['field']),
              message: text(cause['message']),
              reason: text(cause['reason']),
            })),
          },
        }),
  };
}

/** `the Kubernetes API at https://... (context kind-dev)`. */
export function apiText({ server, description }: Pick<Asked, 'server' | 'description'>): string {
  return `the Kubernetes API at ${redactUrls(server)} (${description})`;
}

/** `experiments.iter8.tools "hello" in namespace default`. */
export function thingText(asked: Asked): string {
  const name = asked.name === undefined ? '' : ` ${JSON.stringify(asked.name)}`;
  return `${asked.resource}${name}${asked.namespace === undefined ? '' : ` in namespace ${asked.namespace}`}`;
}

export function apiError(code: number, status: KubeStatus, asked: Asked, retryAfterSeconds?: number): Iter8Error {
  const said = sanitizeLine(status.message || status.reason || `status ${code}`);
  const api = apiText(asked);
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
    case 409: {
      const conflicts = (status.details?.causes ?? []).filter(({ reason }) => reason === 'FieldManagerConflict');
      if (conflicts.length > 0) return fieldsConflict(asked, conflicts);
      return new ConflictError(
        status.reason === 'AlreadyExists'
          ? `${thingText(asked)} is there already`
          : `${thingText(asked)} was changed by somebody else: ${said}`,
      );
    }
    case 410:
      return new ApiGoneError(`${api} answers 410 to ${asked.verb} ${thingText(asked)}: ${said}`, {
        hint: 'try again',
      });
    case 413:
      return new UnavailableError(`${thingText(asked)} is larger than ${api} takes: ${said}`);
    case 400:
    case 422:
      if (status.foreign === true) {
        return new UnavailableError(`${api} answers ${code} to ${asked.verb} ${thingText(asked)}: ${said}`, {
          hint: `is it a Kubernetes API, and over HTTPS? Check server of ${asked.cluster} in the kubeconfig`,
        });
      }
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
        {
          hint:
            asked.verb === 'create' && code !== 429
              ? `it may have been made all the same: look (kubectl get ${asked.resource}) before you try again`
              : 'try again in a moment',
        },
        { retryAfterMs: seconds === undefined ? undefined : seconds * 1000, refused: code === 429 },
      );
    }
    default:
      return new UnavailableError(`${api} answers ${code} to ${asked.verb} ${thingText(asked)}: ${said}`);
  }
}

/** The message of each cause is `conflict with "OWNER" using ...`. Source: k8s.io/apimachinery, managedfields conflict. */
function fieldsConflict(
  asked: Asked,
  causes: readonly { readonly field?: string | undefined; readonly message?: string | undefined }[],
): FieldsConflictError {
  return new FieldsConflictError(
    `fields of ${thingText(asked)} belong to others`,
    causes.map(({ field, message }) => ({
      owner: sanitizeLine(/conflict with "([^"]+)"/.exec(message ?? '')?.[1] ?? message ?? 'somebody else'),
      field: sanitizeLine(field ?? ''),
    })),
  );
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
      { hint: `install it: iter8ctl install${asked.flags ?? ''}; ${WITHOUT_CLUSTER}` },
    );
  }
  return new NotFoundError(`${asked.description} does not know ${asked.resource}`);
}

/** Errors of sockets and TLS. */
export function connectionError(error: unknown, asked: Asked): Iter8Error {
  if (error instanceof Iter8Error) return error;
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const api = apiText(asked);
  if (/^(ERR_TLS|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|ERR_SSL|EPROTO)/.test(code)) {
    return new UnavailableError(`${api} cannot be trusted: ${oneLine(error)}`, {
      hint: `check certificate-authority of ${asked.cluster} in the kubeconfig; ${WITHOUT_CLUSTER}`,
      cause: error,
    });
  }
  const on = asked.proxy === undefined ? '' : `through the proxy of ${asked.proxy} `;
  const where = asked.proxy === undefined ? '' : `check ${asked.proxy}, and `;
  return new ApiUnreachableError(`${api} does not answer ${on}`.trimEnd() + `: ${oneLine(error)}`, {
    hint: `${where}check the context (kubectl config current-context), ${WITHOUT_CLUSTER}`,
    cause: error,
    reset: code === 'ECONNRESET' || code === 'EPIPE',
  });
}

/** `connect ECONNREFUSED 10.1.2.3:6443`; of several attempts the first. */
function oneLine(error: unknown): string {
  const first: unknown = error instanceof AggregateError ? (error.errors[0] ?? error) : error;
  return sanitizeLine(messageOf(first).split('\n')[0] || ((first as NodeJS.ErrnoException).code ?? 'unknown'));
}
