/** Gatling, of Maven Central: its simulation.log in text. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { jars } from './install.mjs';
import { need, run } from './process.mjs';

const simulation = (name, url, target, more) => `
import static io.gatling.javaapi.core.CoreDsl.*;
import static io.gatling.javaapi.http.HttpDsl.*;
import io.gatling.javaapi.core.*;

public class ${name} extends Simulation {
  {
    setUp(scenario("probe").repeat(40).on(exec(http("ask").get("${target}")${more.check}))
      .injectOpen(atOnceUsers(4)).protocols(http.baseUrl("${url}")${more.protocol}));
  }
}
`;

const RUNS = [
  { as: 'Plain', target: '/plain', check: '', protocol: '' },
  { as: 'Checked', target: '/plain', check: '.check(status().is(200))', protocol: '' },
  { as: 'Hard', target: '/hard', check: '', protocol: '.connectionHeader("close")' },
  { as: 'Unfollowed', target: '/hard', check: '', protocol: '.disableFollowRedirect().connectionHeader("close")' },
];

const gatlingOf = (version, isText) => ({
  name: `gatling-${version}`,
  version,
  async install(cache) {
    need('javac', 'a JDK is not installed');
    const folder = await jars(cache, `gatling-${version}`, [
      `io.gatling:gatling-app:${version}`,
      `io.gatling:gatling-http-java:${version}`,
    ]);
    return path.join(folder, 'lib');
  },
  async checks(lib, { server, dir }) {
    const checks = [];
    for (const { as, target, ...more } of isText ? RUNS : RUNS.slice(0, 1)) {
      server.reset();
      const folder = path.join(dir, `gatling-${version}-${as}`);
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(path.join(folder, 'classes'), { recursive: true });
      writeFileSync(path.join(folder, `${as}.java`), simulation(as, server.url, target, more));
      writeFileSync(path.join(folder, 'classes/gatling.conf'), 'gatling.http.requestTimeout = 2000\n');
      const classes = `${path.join(folder, 'classes')}:${lib}/*`;
      await run('javac', ['-d', path.join(folder, 'classes'), '-cp', classes, path.join(folder, `${as}.java`)]);
      await run(
        'java',
        [
          '--add-opens=java.base/java.lang=ALL-UNNAMED',
          '-cp',
          classes,
          'io.gatling.app.Gatling',
          '-s',
          as,
          '-rf',
          path.join(folder, 'results'),
          '-nr',
        ],
        { cwd: folder },
      );
      const [results] = readdirSync(path.join(folder, 'results'));
      const { answered, failed, closed, hung, brokenOff, redirected, moved } = server.counts();
      const isFollowed = as === 'Hard';
      checks.push({
        title: `gatling ${version}, ${as}`,
        file: path.join(folder, 'results', results, 'simulation.log'),
        codes: {
          OK: answered + (isFollowed ? redirected + moved : 0),
          503: failed,
          // By default a check takes a redirect that is not followed for a failure.
          ...(isFollowed || redirected === 0 ? {} : { 302: redirected }),
        },
        unanswered: closed + hung + brokenOff,
        seconds: server.seconds(),
        startUp: 2,
        ...(isText ? {} : { refused: 'in no format that is known here' }),
      });
    }
    return checks;
  },
});

export const gatling = gatlingOf('3.10.5', true);
export const newerGatling = gatlingOf('3.13.5', false);
