/** Locust, of PyPI, with the listener of docs/results.md. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pythonPackage } from './install.mjs';
import { run } from './process.mjs';

const listener = /```python\n([\s\S]*?)```/.exec(
  readFileSync(path.join(import.meta.dirname, '../../docs/results.md'), 'utf8'),
)[1];

const script = (name, file) => `from locust import HttpUser, constant, task

${listener.replace('requests.jsonl', file)}

class User(HttpUser):
    wait_time = constant(0.005)

    @task
    def ask(self):
        self.client.get("/${name}", timeout=2, headers={"Connection": "close"})
`;

export const locust = {
  name: 'locust',
  version: '2.47.0',
  install: async (cache) => path.join(await pythonPackage(cache, 'locust', '2.47.0'), 'bin/locust'),
  async checks(program, { server, dir }) {
    const checks = [];
    for (const name of ['plain', 'hard']) {
      server.reset();
      const file = path.join(dir, `locust-${name}.jsonl`);
      const locustfile = path.join(dir, `locust-${name}.py`);
      const csv = path.join(dir, `locust-${name}`);
      writeFileSync(locustfile, script(name, file));
      await run(
        program,
        [
          '-f',
          locustfile,
          '--headless',
          '-u',
          '4',
          '-r',
          '4',
          '-t',
          '3s',
          '-s',
          '2',
          '--host',
          server.url,
          '--csv',
          csv,
          '--only-summary',
        ],
        { mayFail: true },
      );
      const [heading, row] = readFileSync(`${csv}_stats.csv`, 'utf8')
        .trim()
        .split(/\r?\n/)
        .map((line) => line.split(','));
      const stats = Object.fromEntries(heading.map((column, at) => [column, row[at]]));
      const { answered, failed, moved } = server.counts();
      // Locust writes its statistics before the last requests have ended: then they are of others than the file is.
      const isSame = readFileSync(file, 'utf8').trim().split('\n').length === Number(stats['Request Count']);
      checks.push({
        title: `locust, ${name}`,
        file,
        args: ['--fields', 'status=status,duration=duration:ms,start=start', '--model', 'closed', '--missing', '0'],
        codes: { 200: answered + moved, 503: failed },
        requests: Number(stats['Request Count']),
        unanswered: name === 'plain' ? 0 : Number(stats['Failure Count']) - failed,
        ...(name === 'plain' && isSame
          ? {
              ms: {
                p50: Number(stats['50%']),
                p95: Number(stats['95%']),
                mean: Number(stats['Average Response Time']),
              },
              offBy: 0.1,
            }
          : {}),
        // It is stopped while requests are under way: the last one of a user may have been answered and not be reported.
        give: 4,
      });
    }
    return checks;
  },
};
