import { expect, it } from 'vitest';
import { createEventWriter } from '../../../src/adapters/kube/kubernetes-events.ts';
import { openClient, writeKubeconfig } from '../../support/kube-server.ts';
import { testServer } from '../../support/test-server.ts';

it('the words of an experiment neither steer the terminal of who lists events, nor look like another line of them', async () => {
  const written: string[] = [];
  await using api = await testServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      written.push((JSON.parse(body) as { message: string }).message);
      response.writeHead(201).end(body);
    });
  });
  const client = await openClient(writeKubeconfig(api.url));
  const events = createEventWriter(client, { host: 'h', onFailure: () => undefined });
  const message = 'gate of start waits for approval: \u001b[2J\nshop: promote v2';
  events.write({ namespace: 'shop', name: 'e', uid: undefined }, { reason: 'R', message, warning: false, timeMs: 0 });
  await events.flush(10_000);
  client.close();
  expect(written).toEqual(['gate of start waits for approval: \\x1b[2J\\nshop: promote v2']);
});
