// Certificates for tests, made by openssl as files of a folder. They are good for two days.
import { execFileSync } from 'node:child_process';
import path from 'node:path';

const openssl = (folder, ...args) => execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });
const NEW_KEY = ['-newkey', 'rsa:2048', '-nodes'];
const files = (folder, name) => ({ key: path.join(folder, `${name}.key`), cert: path.join(folder, `${name}.crt`) });

/**
 * Makes `name.key` and `name.crt`, which signs itself: an authority, or a server that is trusted by its own certificate.
 * `altName`: `IP:127.0.0.1` or `DNS:shop.example`.
 */
export function makeSelfSigned(folder, name, { commonName, altName }) {
  const names = altName === undefined ? [] : ['-addext', `subjectAltName=${altName}`];
  const subject = ['-subj', `/CN=${commonName}`, ...names];
  openssl(
    folder,
    'req',
    '-x509',
    ...NEW_KEY,
    '-days',
    '2',
    '-keyout',
    `${name}.key`,
    '-out',
    `${name}.crt`,
    ...subject,
  );
  return files(folder, name);
}

/** The same, signed by the authority that `makeSelfSigned` made in this folder under the name `authority`. */
export function makeSigned(folder, name, { commonName, altName, authority }) {
  const subject = ['-subj', `/CN=${commonName}`, '-addext', `subjectAltName=${altName}`];
  openssl(folder, 'req', ...NEW_KEY, '-keyout', `${name}.key`, '-out', `${name}.csr`, ...subject);
  const by = ['-CA', `${authority}.crt`, '-CAkey', `${authority}.key`, '-CAcreateserial', '-copy_extensions', 'copy'];
  openssl(folder, 'x509', '-req', '-days', '2', '-in', `${name}.csr`, '-out', `${name}.crt`, ...by);
  return files(folder, name);
}
