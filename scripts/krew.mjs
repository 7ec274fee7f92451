// The manifest of the krew plugin for a packed release: `npm pack`, then node scripts/krew.mjs iter8ctl-0.1.0.tgz URL-OF-IT.
// Prints YAML for krew-index: https://krew.sigs.k8s.io/docs/developer-guide/plugin-manifest
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { dump } from 'js-yaml';

const [archive, uri] = process.argv.slice(2);
if (archive === undefined || !URL.canParse(uri ?? '') || new URL(uri).protocol !== 'https:') {
  process.stderr.write('usage: krew.mjs iter8ctl-VERSION.tgz https://WHERE/IT/IS\n');
  process.exit(2);
}
const root = path.join(import.meta.dirname, '..');
const { version, description } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
const [shortDescription] = description.split('?');
const manifest = {
  apiVersion: 'krew.googlecontainertools.github.com/v1alpha2',
  kind: 'Plugin',
  metadata: { name: 'iter8' },
  spec: {
    version: `v${version}`,
    shortDescription: `${shortDescription}?`,
    description,
    caveats: 'Needs Node.js 20.20 or newer.\n',
    platforms: [
      {
        selector: { matchExpressions: [{ key: 'os', operator: 'In', values: ['linux', 'darwin'] }] },
        uri,
        sha256: createHash('sha256').update(readFileSync(archive)).digest('hex'),
        // What npm packs is in a folder of this name.
        files: [{ from: 'package/*', to: '.' }],
        bin: 'bin/iter8ctl.js',
      },
    ],
  },
};
process.stdout.write(dump(manifest, { lineWidth: -1 }));
