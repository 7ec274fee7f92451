/**
 * What the person at the keyboard has approved: scripts of a manifest that was given with -f. Kept as hashes of specs, so that
 * a run that was killed may be resumed by name (behaviour.md 2).
 */
import { createHash } from 'node:crypto';
import { access, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

export interface Approvals {
  remember(spec: object): Promise<void>;
  has(spec: object): Promise<boolean>;
}

export function createApprovals({ dir }: { readonly dir: string }): Approvals {
  const fileOf = (spec: object) =>
    path.join(dir, 'approvals', createHash('sha256').update(canonical(spec)).digest('hex'));
  return {
    remember: async (spec) => {
      const file = fileOf(spec);
      await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
      await writeFile(file, '', { mode: 0o600 });
    },
    has: (spec) =>
      access(fileOf(spec)).then(
        () => true,
        () => false,
      ),
  };
}

/** The same text for the same value, whatever the order of its keys. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
