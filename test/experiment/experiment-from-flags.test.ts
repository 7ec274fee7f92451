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
