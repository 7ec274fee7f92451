export const CLIENT_ID: string;
export function makeIssuer(folder: string): {
  readonly apiServerFlags: string;
  readonly env: Readonly<Record<string, string>>;
};
