import { expect, it } from 'vitest';
import { proxyFor } from '../../../src/adapters/http/proxy.ts';

const PROXY = 'http://proxy:3128';

it.each([
  ['https://api.example.com:6443', { HTTPS_PROXY: PROXY }, PROXY],
  ['https://api.example.com:6443', { https_proxy: 'proxy:3128' }, PROXY],
  ['http://api.example.com', { HTTPS_PROXY: PROXY }, undefined],
  ['http://api.example.com', { HTTP_PROXY: PROXY }, PROXY],
  ['https://127.0.0.1:6443', { HTTPS_PROXY: PROXY }, undefined],
  ['https://localhost:6443', { HTTPS_PROXY: PROXY }, undefined],
  ['https://[::1]:6443', { HTTPS_PROXY: PROXY }, undefined],
  ['https://api.example.com:6443', { HTTPS_PROXY: PROXY, NO_PROXY: '*' }, undefined],
  ['https://api.example.com:6443', { HTTPS_PROXY: PROXY, NO_PROXY: 'other.com, example.com' }, undefined],
  ['https://api.example.com:6443', { HTTPS_PROXY: PROXY, NO_PROXY: '.example.com' }, undefined],
  ['https://example.com', { HTTPS_PROXY: PROXY, NO_PROXY: '.example.com' }, PROXY],
  ['https://myexample.com', { HTTPS_PROXY: PROXY, NO_PROXY: 'example.com' }, PROXY],
  ['https://api.example.com:6443', { HTTPS_PROXY: PROXY, NO_PROXY: 'api.example.com:6443' }, undefined],
  ['https://api.example.com:6443', { HTTPS_PROXY: PROXY, NO_PROXY: 'api.example.com:443' }, PROXY],
  ['https://10.96.0.1', { HTTPS_PROXY: PROXY, no_proxy: '10.0.0.0/8' }, undefined],
  ['https://11.96.0.1', { HTTPS_PROXY: PROXY, no_proxy: '10.0.0.0/8' }, PROXY],
  ['https://10.96.0.1', { HTTPS_PROXY: PROXY, no_proxy: '10.96.0.1:443' }, undefined],
  ['https://10.96.0.1', { HTTPS_PROXY: PROXY, no_proxy: '10.96.0.1:444' }, PROXY],
  ['https://10.96.0.1', { HTTPS_PROXY: PROXY, no_proxy: '10.0.0.0/99' }, PROXY],
  ['https://127.evil.example', { HTTPS_PROXY: PROXY }, PROXY],
  ['https://api.example.com.', { HTTPS_PROXY: PROXY, NO_PROXY: 'Example.com.' }, undefined],
  ['https://api.example.com', { HTTPS_PROXY: PROXY, NO_PROXY: 'other.com example.com' }, undefined],
  ['https://api.example.com', { HTTPS_PROXY: PROXY, NO_PROXY: '*.example.com' }, undefined],
  ['https://[fd00::5]:6443', { HTTPS_PROXY: PROXY, NO_PROXY: 'fd00::/8' }, undefined],
  ['https://[fe80::5]:6443', { HTTPS_PROXY: PROXY, NO_PROXY: 'fd00::/8' }, PROXY],
  ['https://[fd00::5]:6443', { HTTPS_PROXY: PROXY, NO_PROXY: 'fd00:0::5' }, undefined],
  ['https://[fd00::5]:6443', { HTTPS_PROXY: PROXY, NO_PROXY: '[fd00::5]' }, undefined],
  ['https://[fd00::5]:6443', { HTTPS_PROXY: PROXY, NO_PROXY: '[fd00::5]:6443' }, undefined],
  ['https://[fd00::5]:6443', { HTTPS_PROXY: PROXY, NO_PROXY: '[fd00::5]:443' }, PROXY],
  ['not a url', { HTTPS_PROXY: PROXY }, undefined],
])('%s with %o goes through %s', (server, env, expected) => {
  expect(proxyFor(server, env)?.url).toBe(expected);
});
