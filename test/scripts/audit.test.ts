import { expect, it } from 'vitest';
// @ts-expect-error a script without types
import { readAudit } from '../../scripts/audit.mjs';

const total = { dependencies: { total: 300 } };
const entry = (severity: string) => ({ name: 'left', severity, range: '<2' });

it.each([
  ['a clean lock', { vulnerabilities: {}, metadata: total }, { kind: 'clean', packages: 300 }],
  ['what is minor', { vulnerabilities: { left: entry('low') }, metadata: total }, { kind: 'clean', packages: 300 }],
  [
    'what is vulnerable',
    { vulnerabilities: { left: entry('high') }, metadata: total },
    { kind: 'vulnerable', found: ['left <2: high'] },
  ],
  [
    'a registry that audits nothing',
    { message: '405 Method Not Allowed', error: { summary: '' } },
    { kind: 'unknown', why: '405 Method Not Allowed' },
  ],
  ['nothing of use', {}, { kind: 'unknown', why: 'npm audit gives no result' }],
  ['null', null, { kind: 'unknown', why: 'npm audit gives no result' }],
])('reads %s', (_, answer, result) => {
  expect(readAudit(JSON.stringify(answer))).toEqual(result);
});

it('never takes an answer that is none for a clean lock', () => {
  expect(readAudit('')).toMatchObject({ kind: 'unknown' });
});
