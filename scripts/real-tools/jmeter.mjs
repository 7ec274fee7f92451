/** JMeter, of Maven Central: CSV and XML, with transactions of every kind, assertions, redirects, timeouts and closed connections. */
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { jars } from './install.mjs';
import { need, run } from './process.mjs';

const VERSION = '5.6.3';

/** The folders that its launcher expects. */
async function home(cache) {
  need('unzip', 'unzip is not installed');
  const folder = await jars(cache, `jmeter-${VERSION}`, [
    `org.apache.jmeter:ApacheJMeter_http:${VERSION}`,
    `org.apache.jmeter:ApacheJMeter_config:${VERSION}`,
  ]);
  const target = path.join(folder, 'home');
  const program = path.join(target, 'bin/ApacheJMeter.jar');
  if (existsSync(program)) return program;
  const lib = path.join(folder, 'lib');
  await run('unzip', ['-q', '-o', path.join(lib, `ApacheJMeter_config-${VERSION}.jar`), 'bin/*', '-d', target]);
  for (const sub of ['lib/ext', 'lib/junit']) mkdirSync(path.join(target, sub), { recursive: true });
  for (const jar of readdirSync(lib)) {
    const isExtension = jar.startsWith('ApacheJMeter_') && !jar.includes('config');
    cpSync(path.join(lib, jar), path.join(target, isExtension ? 'lib/ext' : 'lib', jar));
  }
  cpSync(path.join(lib, `ApacheJMeter-${VERSION}.jar`), program);
  return program;
}

const text = (name, value) => `<stringProp name="${name}">${value}</stringProp>`;
const flag = (name, value) => `<boolProp name="${name}">${value}</boolProp>`;

const sampler = (port, target, { follow }) => `
<HTTPSamplerProxy guiclass="HttpTestSampleGui" testclass="HTTPSamplerProxy" testname="ask, &quot;${target}&quot;" enabled="true">
<elementProp name="HTTPsampler.Arguments" elementType="Arguments"><collectionProp name="Arguments.arguments"/></elementProp>
${text('HTTPSampler.domain', '127.0.0.1')}${text('HTTPSampler.port', port)}${text('HTTPSampler.protocol', 'http')}
${text('HTTPSampler.path', target)}${text('HTTPSampler.method', 'GET')}${flag('HTTPSampler.follow_redirects', follow)}
${flag('HTTPSampler.use_keepalive', false)}${text('HTTPSampler.connect_timeout', 2000)}${text('HTTPSampler.response_timeout', 2000)}
</HTTPSamplerProxy><hashTree>__ASSERTION__</hashTree>`;

/** Fails with a message that has quotes, commas and line breaks. */
const ASSERTION = `<ResponseAssertion guiclass="AssertionGui" testclass="ResponseAssertion" testname="says moved" enabled="true">
<collectionProp name="Asserion.test_strings">${text('1', 'moved')}</collectionProp>
${text('Assertion.custom_message', 'expected &quot;moved&quot;,&#10;got something, else')}${text('Assertion.test_field', 'Assertion.response_data')}
<intProp name="Assertion.test_type">16</intProp></ResponseAssertion><hashTree/>`;

function plan(port, { target, transaction, assertion = false, follow = false }) {
  const one = sampler(port, target, { follow }).replace('__ASSERTION__', assertion ? ASSERTION : '');
  const inside =
    transaction === undefined
      ? one
      : `<TransactionController guiclass="TransactionControllerGui" testclass="TransactionController" testname="buy" enabled="true">
${flag('TransactionController.includeTimers', false)}${flag('TransactionController.parent', transaction === 'parent')}
</TransactionController><hashTree>${one}${one}</hashTree>`;
  const loops = transaction === undefined ? 16 : 8;
  return `<?xml version="1.0" encoding="UTF-8"?>
<jmeterTestPlan version="1.2" properties="5.0" jmeter="${VERSION}"><hashTree>
<TestPlan guiclass="TestPlanGui" testclass="TestPlan" testname="plan" enabled="true">
<elementProp name="TestPlan.user_defined_variables" elementType="Arguments"><collectionProp name="Arguments.arguments"/></elementProp>
</TestPlan><hashTree>
<ThreadGroup guiclass="ThreadGroupGui" testclass="ThreadGroup" testname="users" enabled="true">
${text('ThreadGroup.on_sample_error', 'continue')}${text('ThreadGroup.num_threads', 4)}${text('ThreadGroup.ramp_time', 0)}
<elementProp name="ThreadGroup.main_controller" elementType="LoopController" guiclass="LoopControlPanel" testclass="LoopController">
${flag('LoopController.continue_forever', false)}${text('LoopController.loops', loops)}</elementProp>
</ThreadGroup><hashTree>${inside}</hashTree></hashTree></hashTree></jmeterTestPlan>
`;
}

const RUNS = [
  { as: 'plain', target: '/plain' },
  { as: 'hard', target: '/hard' },
  { as: 'hard, redirects followed', target: '/hard', follow: true },
  { as: 'assertions', target: '/plain', assertion: true },
  { as: 'transactions', target: '/plain', transaction: 'beside' },
  { as: 'parents', target: '/plain', transaction: 'parent' },
  {
    as: 'parents alone',
    target: '/plain',
    transaction: 'parent',
    more: ['-Jjmeter.save.saveservice.subresults=false'],
  },
];

export const jmeter = {
  name: 'jmeter',
  version: VERSION,
  install: home,
  async checks(program, { server, dir }) {
    const checks = [];
    const port = new URL(server.url).port;
    for (const { as, ...what } of RUNS) {
      for (const format of ['csv', 'xml']) {
        server.reset();
        const base = path.join(dir, `jmeter-${as.replace(/\W+/g, '-')}`);
        const file = `${base}.${format}.jtl`;
        writeFileSync(`${base}.jmx`, plan(port, what));
        rmSync(file, { force: true });
        await run('java', [
          '-jar',
          program,
          '-n',
          '-t',
          `${base}.jmx`,
          '-l',
          file,
          '-j',
          `${base}.log`,
          `-Jjmeter.save.saveservice.output_format=${format}`,
          ...(what.more ?? []),
        ]);
        const { answered, failed, closed, hung, brokenOff, redirected, moved } = server.counts();
        checks.push({
          title: `jmeter ${format}, ${as}`,
          file,
          codes: {
            200: answered + (what.follow ? moved : 0),
            503: failed,
            ...(redirected > 0 && !what.follow ? { 302: redirected } : {}),
          },
          unanswered: closed + hung + brokenOff,
          errors: what.assertion ? answered + failed : undefined,
          seconds: server.seconds(),
          startUp: 2,
          ...(what.more === undefined ? {} : { refused: 'transactions stand there without' }),
        });
      }
    }
    return checks;
  },
};
