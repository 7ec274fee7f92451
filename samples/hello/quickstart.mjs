// Starts the sample service, runs the sample experiment on it without a cluster, and ends the service again.
// Flags go to the service: --error-rate 0.05 makes a candidate that fails, --delay 700ms one that is slow.
import { spawn } from 'node:child_process';
import path from 'node:path';

const HOST = '127.0.0.1';
const PORT = '18080';
const folder = import.meta.dirname;
const root = path.join(folder, '../..');

const service = spawn(
  process.execPath,
  [path.join(folder, 'server.mjs'), '--host', HOST, '--port', PORT, ...process.argv.slice(2)],
  {
    stdio: ['ignore', 'pipe', 'inherit'],
  },
);
// Ctrl-C reaches the experiment too: it saves what was measured and ends, and then so does this program.
process.on('SIGINT', () => undefined);

let experiment;
service.on('exit', (code) => {
  if (experiment === undefined) process.exit(code === 0 ? 1 : (code ?? 1));
});
service.stdout.once('data', () => {
  const args = ['bin/iter8ctl.js', 'run', '--local', '-f', 'samples/hello/local.yaml', '--restart'];
  process.stderr.write(`$ iter8ctl ${args.slice(1).join(' ')}\n\n`);
  experiment = spawn(process.execPath, args, { cwd: root, stdio: 'inherit' });
  experiment.on('exit', (code, signal) => {
    service.kill('SIGTERM');
    process.exitCode = code ?? (signal === 'SIGTERM' ? 143 : 130);
  });
});
