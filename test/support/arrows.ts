/**
 * What may import what: the table of docs/architecture.md "Rooms and arrows", checked on the imports of every file of
 * src.
 */

/** Rooms that a room may import from, besides itself. Longer prefixes win. */
export const ARROWS: Readonly<Record<string, readonly string[]>> = {
  errors: ['exit-codes', 'text', 'io'],
  'exit-codes': [],
  io: ['errors', 'exit-codes', 'text'],
  text: ['errors', 'io'],
  expressions: ['text', 'errors'],
  experiment: ['expressions', 'text', 'errors'],
  'metric-packs': ['experiment', 'text', 'errors'],
  evidence: ['text', 'errors'],
  judge: ['experiment', 'evidence', 'expressions', 'text', 'errors'],
  validation: ['judge', 'experiment', 'expressions', 'evidence', 'text', 'errors'],
  traffic: ['judge', 'experiment', 'evidence', 'text', 'errors'],
  preflight: ['judge', 'validation', 'experiment', 'evidence', 'text', 'errors'],
  drive: [
    'preflight',
    'traffic',
    'validation',
    'judge',
    'experiment',
    'evidence',
    'expressions',
    'text',
    'errors',
    'io',
  ],
  replay: ['drive', 'validation', 'judge', 'traffic', 'experiment', 'evidence', 'text', 'errors'],
  adapters: [
    'drive/ports',
    'drive/lock-timing',
    'drive/target-queue-order',
    'traffic/weight-fields',
    'validation',
    'judge',
    'experiment',
    'evidence',
    'expressions',
    'telemetry/families',
    'text',
    'errors',
    'io',
    'adapters/kube',
    'adapters/http',
    'adapters/manifest',
  ],
  controller: ['drive', 'judge', 'experiment', 'adapters/kube', 'adapters/manifest', 'text', 'errors', 'io'],
  install: ['drive', 'preflight', 'experiment', 'adapters/kube', 'adapters/manifest', 'text', 'errors', 'io'],
  view: ['judge', 'preflight', 'traffic', 'experiment', 'evidence', 'drive/events', 'text', 'errors'],
  telemetry: ['view', 'judge', 'experiment', 'text', 'errors', 'io'],
  render: ['view', 'judge', 'preflight', 'experiment', 'evidence', 'drive/events', 'text', 'errors', 'io'],
  report: ['view', 'judge', 'experiment', 'evidence', 'drive/events', 'text', 'errors', 'render', 'adapters/manifest'],
  api: [
    'view',
    'report',
    'replay',
    'drive',
    'validation',
    'judge',
    'experiment',
    'evidence',
    'adapters/kube',
    'adapters/http',
    'text',
    'errors',
    'io',
  ],
  version: [],
  cli: [
    'adapters',
    'api',
    'controller',
    'install',
    'metric-packs',
    'drive',
    'replay',
    'preflight',
    'traffic',
    'validation',
    'judge',
    'experiment',
    'evidence',
    'expressions',
    'view',
    'telemetry',
    'render',
    'report',
    'text',
    'errors',
    'exit-codes',
    'io',
    'version',
  ],
  main: ['cli', 'errors', 'exit-codes', 'io'],
};

/** Each dependency has one home. */
export const HOMES: Readonly<Record<string, readonly string[]>> = {
  zod: ['experiment', 'validation'],
  jsep: ['expressions'],
  'js-yaml': ['adapters/manifest'],
  undici: ['adapters/http', 'adapters/metrics'],
  '@kubernetes/client-node': ['adapters/kube'],
  'csv-parse': ['adapters/results'],
  '@streamparser/json': ['adapters/results'],
  sax: ['adapters/results'],
  'jq-web': ['adapters/metrics'],
  'prom-client': ['adapters/telemetry'],
  '@opentelemetry/api': ['adapters/telemetry'],
  '@opentelemetry/core': ['adapters/telemetry'],
  '@opentelemetry/exporter-metrics-otlp-http': ['adapters/telemetry'],
  '@opentelemetry/exporter-metrics-otlp-proto': ['adapters/telemetry'],
  '@opentelemetry/resources': ['adapters/telemetry'],
  '@opentelemetry/sdk-metrics': ['adapters/telemetry'],
  chalk: ['render'],
  'cli-table3': ['render'],
  ora: ['render'],
  'd3-scale': ['report'],
  'jsonpath-plus': ['report'],
  'd3-shape': ['report'],
  commander: ['cli'],
  'string-width': ['text'],
};

/** The only files that may touch `process`: the program's entry, those of threads, and what asks for the shared clock. */
export const PROCESS_FILES = [
  'main.ts',
  'adapters/load/worker-thread.ts',
  'adapters/load/metronome-thread.ts',
  'adapters/load/workers.ts',
];

/** Specifiers of every import, `import type`, `export from` and `import()` of a text. */
export function importsOf(source: string): string[] {
  const code = source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|[^:])\/\/.*$/gm, '$1');
  const pattern =
    /(?:^|[;\s}])(?:import|export)\s[^'"();]*?from\s*['"]([^'"]+)['"]|(?:^|[;\s}])import\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/g;
  return [...code.matchAll(pattern)].map((match) => match[1] ?? match[2] ?? match[3]!);
}

const inRoom = (file: string, room: string): boolean => file === `${room}.ts` || file.startsWith(`${room}/`);

function roomOf(file: string): string | undefined {
  return Object.keys(ARROWS)
    .filter((room) => inRoom(file, room))
    .toSorted((a, b) => b.length - a.length)[0];
}

/** The folder that counts as "itself": adapters do not know one another. */
function homeOf(file: string, room: string): string {
  return room === 'adapters' ? file.split('/').slice(0, 2).join('/') : room;
}

function resolve(file: string, specifier: string): string {
  const parts = file.split('/').slice(0, -1);
  for (const part of specifier.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return parts.join('/');
}

/** Sentences about everything that breaks the rules. Paths are relative to src. */
export function violations(files: ReadonlyMap<string, string>): string[] {
  const found: string[] = [];
  for (const [file, source] of files) {
    const room = roomOf(file);
    if (room === undefined) {
      found.push(`${file}: is in no known room`);
      continue;
    }
    if (/(^|\/)index\.ts$/.test(file)) found.push(`${file}: is a barrel`);
    for (const specifier of importsOf(source)) {
      if (specifier.startsWith('node:') || specifier.endsWith('package.json')) continue;
      if (!specifier.startsWith('.')) {
        const name = specifier
          .split('/')
          .slice(0, specifier.startsWith('@') ? 2 : 1)
          .join('/');
        if (HOMES[name]?.some((home) => file.startsWith(`${home}/`)) !== true)
          found.push(`${file}: ${name} has no home here`);
        continue;
      }
      const target = resolve(file, specifier);
      if (inRoom(target, homeOf(file, room))) continue;
      const allowed = ARROWS[room]!.some((one) => inRoom(target, one));
      if (!allowed) found.push(`${file}: ${room} may not import ${target}`);
    }
    const code = source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|[^:])\/\/.*$/gm, '$1');
    if (/(?<![\w.'"`$])process\.(?!getBuiltinModule)\w/.test(code) && !PROCESS_FILES.includes(file))
      found.push(`${file}: touches process`);
  }
  return found;
}

/** Files that import one another, in a circle; the first circle found from each file. Types count too. */
export function cycles(files: ReadonlyMap<string, string>): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const walk = (file: string, path: readonly string[]): void => {
    const at = path.indexOf(file);
    if (at >= 0) {
      found.push([...path.slice(at), file].join(' -> '));
      return;
    }
    if (done.has(file)) return;
    for (const specifier of importsOf(files.get(file) ?? ''))
      if (specifier.startsWith('.')) walk(resolve(file, specifier), [...path, file]);
    done.add(file);
  };
  for (const file of files.keys()) walk(file, []);
  return found;
}
