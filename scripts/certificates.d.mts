export interface CertificateFiles {
  readonly key: string;
  readonly cert: string;
}

export function makeSelfSigned(
  folder: string,
  name: string,
  how: { readonly commonName: string; readonly altName?: string },
): CertificateFiles;

export function makeSigned(
  folder: string,
  name: string,
  how: { readonly commonName: string; readonly altName: string; readonly authority: string },
): CertificateFiles;
