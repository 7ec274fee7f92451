/** JUnit XML as CI servers read it: one suite of cases. Source of the form: junit-10.xsd of the Jenkins xUnit plugin. */
import { joined, lines, markup, type Markup } from './markup.ts';

export interface TestCase {
  readonly name: string;
  readonly className: string;
  /** CI servers distinguish failures by their type. */
  readonly failure?: { readonly type: string; readonly message: string } | undefined;
  /** Why nothing is said about it. */
  readonly skipped?: string | undefined;
}

export interface Suite {
  readonly name: string;
  readonly cases: readonly TestCase[];
  /** As the schema takes it: `1.234`. */
  readonly seconds: string;
  /** Without a zone: UTC. */
  readonly timestamp?: string | undefined;
  readonly out: readonly string[];
  readonly err: readonly string[];
}

export function junitDocument({ name, cases, seconds, timestamp, out, err }: Suite): string {
  const failures = cases.filter(({ failure }) => failure !== undefined).length;
  const skipped = cases.filter((one) => one.skipped !== undefined).length;
  const document = markup`<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="iter8ctl" tests="${cases.length}" failures="${failures}" errors="0" time="${seconds}">
<testsuite name="${name}" tests="${cases.length}" failures="${failures}" errors="0" skipped="${skipped}" time="${seconds}"${
    timestamp === undefined ? undefined : markup` timestamp="${timestamp}"`
  }>
${joined(cases.map(testCase))}
<system-out>${lines(out.join('\n'))}</system-out>
<system-err>${lines(err.join('\n'))}</system-err>
</testsuite>
</testsuites>
`;
  return document.text;
}

function testCase({ name, className, failure, skipped }: TestCase): Markup {
  const begin = markup`<testcase classname="${className}" name="${name}" time="0"`;
  if (skipped !== undefined) return markup`${begin}><skipped message="${skipped}"/></testcase>`;
  if (failure === undefined) return markup`${begin}/>`;
  const [first = ''] = failure.message.split('\n');
  return markup`${begin}><failure type="${failure.type}" message="${first}">${lines(failure.message)}</failure></testcase>`;
}

/** With ms. */
export function junitSeconds(seconds: number): string {
  return Number.isFinite(seconds) && seconds > 0 ? seconds.toFixed(3) : '0';
}
