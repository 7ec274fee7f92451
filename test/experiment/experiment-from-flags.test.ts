import { expect, it } from 'vitest';
import { quickExperiment } from '../../src/experiment/experiment-from-flags.ts';

const targetOf = (...urls: string[]) => quickExperiment({ urls, slos: ['error-rate<=1%'], headers: [] }).spec.target;

it('two servers of one host are two targets, whatever the path', () => {
  expect(targetOf('http://localhost:8080/a')).toBe('localhost:8080');
  expect(targetOf('http://localhost:9090/a')).toBe('localhost:9090');
  expect(targetOf('http://localhost:8080/b?c')).toBe('localhost:8080');
  expect(targetOf('https://shop.example/')).toBe('shop-example');
  expect(targetOf('http://old:1/', 'http://[::1]:2/')).toBe('1:2');
});

it.each([
  ['Authorization: Bearer s3cr3t-t0ken\r', 'Authorization: ***'],
  ['Authorization Bearer s3cr3t-t0ken', 'Authorization ***'],
  ['Authorization=Bearer s3cr3t-t0ken', '***'],
  ['s3cr3t-t0ken', '***'],
  ['Proxy Authorization: s3cr3t-t0ken', 'Proxy ***'],
  ['Connection: s3cr3t-t0ken', 'Connection: ***'],
])('shows nothing of what %j holds', (header, shown) => {
  const make = () => quickExperiment({ urls: ['http://a/'], slos: ['error-rate<=1%'], headers: [header] });
  expect(make).toThrow(`--header ${JSON.stringify(shown)}`);
  expect(make).not.toThrow(/s3cr3t/);
});
