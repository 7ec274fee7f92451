/**
 * Runs real load tools and proxies against servers whose every answer is known, and compares what `judge` counts in their files with
 * what the servers did and with what the tools say themselves. Tools are installed into a cache, in versions that are named here; one
 * that cannot be had is skipped with the reason. k6, which takes minutes to build, is installed only where it is named.
 *
 *   npm run real-tools -- [--tool NAME,NAME] [--cache FOLDER] [--keep FOLDER]
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { execFileSync } from 'node:child_process';
import { differences } from './real-tools/compare.mjs';
import { gatling, newerGatling } from './real-tools/gatling.mjs';
import { fortio, ghz, hey, k6, vegeta } from './real-tools/go-tools.mjs';
import { jmeter } from './real-tools/jmeter.mjs';
import { locust } from './real-tools/locust.mjs';
import { Unavailable } from './real-tools/process.mjs';
import { envoy, nginx } from './real-tools/proxies.mjs';
import { startGrpcServer, startServer } from './real-tools/server.mjs';

const TOOLS = [vegeta, hey, ghz, fortio, k6, jmeter, gatling, newerGatling, locust, nginx, envoy];

const { values } = parseArgs({
  options: { tool: { type: 'string' }, cache: { type: 'string' }, keep: { type: 'string' } },
});
const root = path.join(import.meta.dirname, '..');
const cache = path.resolve(values.cache ?? path.join(root, 'node_modules/.cache/real-tools'));
const dir = path.resolve(values.keep ?? mkdtempSync(path.join(tmpdir(), 'iter8ctl-real-tools-')));
const names = values.tool?.split(',');
const unknown = names?.filter((name) => !TOOLS.some((tool) => tool.name === name)) ?? [];
if (unknown.length > 0)
  throw new Error(`--tool ${unknown.join(', ')}: expected some of ${TOOLS.map(({ name }) => name).join(', ')}`);

for (const folder of [cache, dir]) mkdirSync(folder, { recursive: true });
execFileSync(process.execPath, [path.join(root, 'scripts/build.mjs')], { stdio: ['ignore', 'ignore', 'inherit'] });
const server = await startServer();
const grpc = await startGrpcServer();
let compared = 0;
let wrong = 0;
const skipped = [];
try {
  for (const tool of names === undefined ? TOOLS : TOOLS.filter(({ name }) => names.includes(name))) {
    try {
      const program = await tool.install(cache, names?.includes(tool.name) ?? false);
      console.log(`${tool.name} ${tool.version}`);
      for (const check of await tool.checks(program, { server, grpc, dir })) {
        const found = await differences(check, root);
        compared += 1;
        wrong += found.length === 0 ? 0 : 1;
        console.log(`  ${found.length === 0 ? 'same ' : 'DIFFERS'} ${check.title}`);
        for (const line of found) console.log(`      ${line}`);
      }
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      skipped.push(`${tool.name}: ${error.message}`);
    }
  }
} finally {
  server.close();
  grpc.close();
  if (values.keep === undefined) rmSync(dir, { recursive: true, force: true });
}
for (const line of skipped) console.log(`skipped ${line}`);
console.log(`${compared} files compared, ${wrong} differ, ${skipped.length} tools skipped`);
process.exitCode = wrong > 0 ? 1 : 0;
