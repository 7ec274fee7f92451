/**
 * vegeta, hey, ghz, fortio and k6, of the Go module proxy. k6 is under the AGPL, which allows to run it as it is; it takes minutes to
 * build, so that it is installed only where it is asked for by name.
 *
 * A check: `file` and what `judge` needs for it, `codes` as the server or the tool counted them, and of the tool's own summary `ms`
 * (percentiles and mean) with how far off `judge` may be.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { goProgram, isInstalled } from './install.mjs';
import { need, run, runInto } from './process.mjs';
import { PROTO } from './server.mjs';

/** What the server has answered, by code. */
const answersOf = ({ answered, failed, redirected, moved }, isFollowed) => ({
  200: answered + moved,
  503: failed,
  ...(isFollowed ? {} : { 302: redirected }),
});
/** Of calls with an answer, over all calls: what was not answered has no latency. */
const meanOf = (details) =>
  inMs(details.reduce((sum, { status, latency }) => sum + (/^(OK|Internal)$/.test(status) ? latency : 0), 0)) /
  details.length;
const inMs = (ns) => ns / 1e6;

export const vegeta = {
  name: 'vegeta',
  version: '12.13.0',
  install: (cache) => goProgram(cache, 'vegeta', 'github.com/tsenart/vegeta/v12', 'v12.13.0'),
  async checks(program, { server, dir }) {
    const checks = [];
    const attacks = [
      { name: 'plain', args: ['-rate', '100', '-duration', '2s'] },
      { name: 'hard', args: ['-rate', '100', '-duration', '2s', '-keepalive=false', '-timeout', '2s'] },
      // A request without an answer on a connection that was used before is sent again by Go's client.
      { name: 'hard', as: 'hard-keepalive', args: ['-rate', '100', '-duration', '2s', '-timeout', '2s'] },
      {
        name: 'hard',
        as: 'hard-redirects',
        args: ['-rate', '100', '-duration', '1s', '-redirects', '-1', '-keepalive=false', '-timeout', '2s'],
      },
    ];
    for (const { name, as = name, args } of attacks) {
      server.reset();
      const gob = path.join(dir, `vegeta-${as}.gob`);
      await run(program, ['attack', ...args, '-output', gob], { input: `GET ${server.url}/${name}\n` });
      const report = JSON.parse(await run(program, ['report', '-type', 'json', gob]));
      const { 0: unanswered, ...codes } = report.status_codes;
      for (const format of ['json', 'csv']) {
        const file = path.join(dir, `vegeta-${as}.${format}`);
        await run(program, ['encode', '--to', format, '--output', file, gob]);
        checks.push({
          title: `vegeta ${format}, ${as}`,
          file,
          codes,
          unanswered: unanswered ?? 0,
          ...(as === 'hard-keepalive' ? {} : { serverCodes: answersOf(server.counts(), as !== 'hard-redirects') }),
          ...(name === 'plain'
            ? {
                ms: {
                  p50: inMs(report.latencies['50th']),
                  p95: inMs(report.latencies['95th']),
                  mean: inMs(report.latencies.mean),
                },
                // vegeta estimates percentiles by a digest.
                offBy: 0.1,
                seconds: report.duration / 1e9,
              }
            : {}),
        });
      }
    }
    const file = path.join(dir, 'vegeta-refused.json');
    const gob = path.join(dir, 'vegeta-refused.gob');
    await run(program, ['attack', '-rate', '50', '-duration', '400ms', '-output', gob], {
      input: 'GET http://127.0.0.1:1/\n',
    });
    const { requests } = JSON.parse(await run(program, ['report', '-type', 'json', gob]));
    await run(program, ['encode', '--to', 'json', '--output', file, gob]);
    checks.push({ title: 'vegeta json, refused', file, codes: {}, unanswered: requests, kinds: { connect: requests } });
    return checks;
  },
};

export const hey = {
  name: 'hey',
  version: '0.1.5',
  install: (cache) => goProgram(cache, 'hey', 'github.com/rakyll/hey', 'v0.1.5'),
  async checks(program, { server, dir }) {
    const checks = [];
    for (const name of ['plain', 'hard']) {
      server.reset();
      const file = path.join(dir, `hey-${name}.csv`);
      await runInto(file, program, [
        '-n',
        '400',
        '-c',
        '4',
        '-t',
        '2',
        '-disable-keepalive',
        '-o',
        'csv',
        `${server.url}/${name}`,
      ]);
      const { answered, failed, brokenOff, redirected, closed, hung } = server.counts();
      checks.push({
        title: `hey csv, ${name}`,
        file,
        // A body that breaks off is an answer to hey.
        codes: { 200: answered + brokenOff + redirected, 503: failed },
        // They are not in the file, which says nothing of them.
        unanswered: 0,
        missing: closed + hung,
        args: ['--missing', String(closed + hung)],
        seconds: server.seconds(),
      });
    }
    return checks;
  },
};

export const ghz = {
  name: 'ghz',
  version: '0.120.0',
  install: (cache) => goProgram(cache, 'ghz', 'github.com/bojand/ghz/cmd/ghz', 'v0.120.0'),
  async checks(program, { grpc, dir }) {
    const proto = path.join(dir, 'probe.proto');
    writeFileSync(proto, PROTO);
    const checks = [];
    for (const { as, more } of [
      { as: 'json', more: ['-O', 'json'] },
      { as: 'pretty', more: ['-O', 'pretty'] },
      { as: 'async', more: ['-O', 'json', '--async'] },
    ]) {
      grpc.reset();
      const file = path.join(dir, `ghz-${as}.json`);
      const call = ['--insecure', '--proto', proto, '--call', 'probe.Greeter.Hello', '-d', '{}'];
      await run(program, [
        ...call,
        '-n',
        '400',
        '-c',
        '4',
        '--rps',
        '200',
        '-t',
        '2s',
        ...more,
        '-o',
        file,
        grpc.address,
      ]);
      const { statusCodeDistribution, details } = JSON.parse(readFileSync(file, 'utf8'));
      const { OK, Internal, Unavailable, hung } = grpc.counts();
      checks.push({
        title: `ghz, ${as}`,
        file,
        codes: statusCodeDistribution,
        serverCodes: { OK, Internal, Unavailable, DeadlineExceeded: hung },
        ms: { mean: meanOf(details) },
      });
    }
    return checks;
  },
};

export const fortio = {
  name: 'fortio',
  // Newer ones need a module that the proxy does not give.
  version: '1.66.5',
  install: (cache) => goProgram(cache, 'fortio', 'fortio.org/fortio', 'v1.66.5'),
  async checks(program, { server, dir }) {
    const checks = [];
    for (const { name, as, more } of [
      { name: 'plain', as: 'plain', more: ['-qps', '100'] },
      { name: 'plain', as: 'as fast as it can', more: ['-qps', '0'] },
      { name: 'plain', as: 'http client', more: ['-qps', '100', '-stdclient'] },
      { name: 'hard', as: 'hard', more: ['-qps', '200', '-timeout', '2s', '-keepalive=false'] },
      {
        name: 'hard',
        as: 'hard, http client',
        more: ['-qps', '200', '-timeout', '2s', '-keepalive=false', '-stdclient', '-L'],
      },
    ]) {
      server.reset();
      const file = path.join(dir, `fortio-${as.replace(/\W+/g, '-')}.json`);
      await run(
        program,
        [
          'load',
          '-allow-initial-errors',
          '-n',
          '200',
          '-c',
          '2',
          '-r',
          '0.0001',
          ...more,
          '-json',
          file,
          `${server.url}/${name}`,
        ],
        {
          mayFail: true,
        },
      );
      const { RetCodes, DurationHistogram } = JSON.parse(readFileSync(file, 'utf8'));
      const { '-1': failed = 0, ...codes } = RetCodes;
      const percentile = (p) => DurationHistogram.Percentiles?.find(({ Percentile }) => Percentile === p)?.Value;
      checks.push({
        title: `fortio, ${as}`,
        file,
        codes,
        unanswered: failed,
        ...(name === 'plain'
          ? {
              serverCodes: answersOf(server.counts(), true),
              ms: { p50: 1000 * percentile(50), mean: 1000 * DurationHistogram.Avg },
              offBy: 0.25,
            }
          : {}),
      });
    }
    return checks;
  },
};

export const k6 = {
  name: 'k6',
  version: '1.8.1',
  install: (cache, isNamed) =>
    isNamed || isInstalled(cache, 'k6', 'v1.8.1')
      ? goProgram(cache, 'k6', 'go.k6.io/k6', 'v1.8.1')
      : need('k6', 'k6 takes minutes to build, and is installed only by --tool k6'),
  async checks(program, { server, dir }) {
    const checks = [];
    for (const name of ['plain', 'hard']) {
      for (const format of ['json', 'csv']) {
        server.reset();
        const script = path.join(dir, `k6-${name}.js`);
        // A request without an answer on a connection that was used before is sent again by Go's client: `hard` uses none twice.
        writeFileSync(
          script,
          `import http from 'k6/http';\nexport const options = { vus: 4, iterations: 400, noConnectionReuse: ${name === 'hard'} };\nexport default function () { http.get('${server.url}/${name}', { timeout: '2s' }); }\n`,
        );
        const file = path.join(dir, `k6-${name}.${format}`);
        await run(program, ['run', '--quiet', '--no-usage-report', '--out', `${format}=${file}`, script], {
          mayFail: true,
        });
        const { answered, failed, redirected, moved, closed, brokenOff, hung } = server.counts();
        checks.push({
          title: `k6 ${format}, ${name}`,
          file,
          args: ['--missing', '0'],
          codes: { 200: answered + moved, 503: failed, ...(redirected === 0 ? {} : { 302: redirected }) },
          unanswered: closed + brokenOff + hung,
        });
      }
    }
    return checks;
  },
};
