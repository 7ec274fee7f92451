/** What the system says about files and connections, in words that stand behind a name. Errors of the system are in no sentence. */

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or folder',
  ENOTDIR: 'no such file or folder',
  EACCES: 'no permission to read it',
  EPERM: 'no permission to read it',
  EISDIR: 'is a folder',
  ELOOP: 'its symbolic links lead in a circle',
  ENAMETOOLONG: 'the name is too long',
  EIO: 'the disk or file system reports an error',
  ENXIO: 'is a socket or a device, not a file',
  ENODEV: 'is a device, not a file',
  EMFILE: 'too many files are open',
  ENFILE: 'too many files are open in the system',
  EAGAIN: 'it gives nothing',
  EBUSY: 'it is in use',
  ENOSPC: 'no space left on the device',
  EDQUOT: 'the disk quota is exhausted',
  EROFS: 'the file system is read-only',
  ESTALE: 'the file system that held it is gone',
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'the connection was closed before the answer ended',
  UND_ERR_SOCKET: 'the connection was closed before the answer ended (other side closed)',
  UND_ERR_CONNECT_TIMEOUT: 'no connection within the time limit',
  UND_ERR_HEADERS_TIMEOUT: 'no answer within the time limit',
  UND_ERR_BODY_TIMEOUT: 'no answer within the time limit',
  ETIMEDOUT: 'no answer within the time limit',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'its host name cannot be looked up now',
  EPIPE: 'the connection was closed before the request was sent',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'it has a self-signed certificate',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is signed by an unknown authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is signed by an unknown authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate is signed by an unknown authority',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS (http instead of https?)',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'it does not speak TLS (http instead of https?)',
  EPROTO: 'it does not speak TLS as we do',
};

/** undici reports the status with which a proxy refused a tunnel, or that it wants a password, in its message only. */
const PROXY_STATUS = /^Proxy response \((\d{3})\)|^Proxy Authentication Required \((407)\)/;

/**
 * What failed on the way through a proxy of the environment: without its variable nobody would look there. The code is that of
 * what failed.
 */
export class ThroughProxyError extends Error {
  override readonly name = 'ThroughProxyError';
  readonly code: string;
  /** The proxy itself refused, with this status: nothing has gone beyond it. */
  readonly refusedWith: number | undefined;

  /** `variable`: `HTTPS_PROXY`. */
  constructor(variable: string, cause: Error & { readonly code: string }) {
    const [, tunnel, plain] = PROXY_STATUS.exec(cause.message) ?? [];
    const status = tunnel ?? plain;
    super(status === undefined ? `${systemReason(cause)}, ${throughProxy(variable)}` : refusal(variable, status), {
      cause,
    });
    this.code = cause.code;
    this.refusedWith = status === undefined ? undefined : Number(status);
  }
}

export function throughProxy(variable: string): string {
  return `through the proxy of ${variable}`;
}

function refusal(variable: string, status: string): string {
  const wanted = status === '407' ? ' (it wants a user and a password)' : '';
  return `the proxy of ${variable} refused with ${status}${wanted}`;
}

/** The innermost error: of several addresses, that of the first. */
function rootOf(error: unknown): unknown {
  if (error instanceof AggregateError && error.errors.length > 0) return rootOf(error.errors[0]);
  return error instanceof Error && error.cause instanceof Error ? rootOf(error.cause) : error;
}

/** The reason of an error of the system; the first line of what any other says. */
export function systemReason(error: unknown): string {
  if (error instanceof ThroughProxyError) return error.message;
  const root = rootOf(error);
  const { code } = root as { readonly code?: unknown };
  const message = root instanceof Error ? root.message : String(root);
  const known = typeof code === 'string' ? REASONS[code] : undefined;
  // Names and addresses stand in the message of a connection, and say which of them it was.
  const address = /^connect E[A-Z]+ (\S+)$/.exec(message)?.[1];
  if (known !== undefined) return address === undefined ? known : `${known} (${String(code)} ${address})`;
  return message.split('\n')[0] ?? '';
}
