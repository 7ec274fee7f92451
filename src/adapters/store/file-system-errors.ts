/** Errors of the file system in our own words. */
import { ForbiddenError, Iter8Error, messageOf, UnavailableError } from '../../errors.ts';

const SENTENCES: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space left on the device',
  EFBIG: 'the file would be larger than it may be',
  EDQUOT: 'the disk quota is exhausted',
  EIO: 'input or output error',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of the path is not a folder',
  ELOOP: 'it is a symbolic link',
  EMFILE: 'too many open files',
  ENFILE: 'too many open files in the system',
  ENAMETOOLONG: 'the name is too long',
};

/** `ENOENT` and so on; undefined for other errors. */
export function errorCode(error: unknown): string | undefined {
  const code: unknown = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}

/**
 * The error to throw for a failed file operation: what failed (`action`, e.g. `cannot write`), on which path, and why.
 * Refusals become ForbiddenError, all else UnavailableError; our own errors and aborts stay what they are.
 */
export function storeError(error: unknown, action: string, path: string): unknown {
  const code = errorCode(error);
  if (error instanceof Iter8Error || code === undefined || !/^E[A-Z0-9]+$/.test(code)) return error;
  const message = `${action} ${path}: ${SENTENCES[code] ?? messageOf(error)}`;
  if (code === 'ELOOP') {
    return new ForbiddenError(message, { cause: error, hint: 'replace the link by the file it points to' });
  }
  if (code === 'EACCES' || code === 'EPERM') return new ForbiddenError(message, { cause: error });
  return new UnavailableError(message, { cause: error });
}
