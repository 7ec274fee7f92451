/** One engine for the metrics of many: who asks for much, or for what is slow, waits for himself. */
import { describe, expect, it } from 'vitest';
import { AnswerRoom } from '../../../src/adapters/metrics/answer-room.ts';
import { FairQueue } from '../../../src/adapters/metrics/fair-queue.ts';
import { testServer } from '../../support/test-server.ts';
import { measure } from '../../support/measuring-metric.ts';

describe('answers that are read', () => {
  /** Work of 5 ms. */
  const busyIn = (order: string[]) => (name: string) => async () => {
    const untilMs = performance.now() + 5;
    while (performance.now() < untilMs) await Promise.resolve();
    order.push(name);
  };

  it('give nobody a turn for the time in which it asked for nothing', async () => {
    const queue = new FairQueue();
    const order: string[] = [];
    const busy = busyIn(order);
    const later: Promise<void>[] = [];
    const many = (owner: string, count: number) =>
      Array.from({ length: count }, (_, k) => queue.run(owner, busy(`${owner} ${k}`)));
    const all = [
      ...many('idle', 1),
      ...many('busy', 8),
      queue.run('busy', () => Promise.resolve(void later.push(...many('idle', 8), ...many('busy', 2)))),
    ];
    await Promise.all(all);
    await Promise.all(later);
    // What comes now is not behind all that somebody else asks for now.
    expect(order.slice(9).indexOf('busy 1')).toBeLessThan(7);
  });

  it('one after another, those of who took least time first', async () => {
    const queue = new FairQueue();
    const order: string[] = [];
    const busy = busyIn(order);
    const quick = (name: string) => () => Promise.resolve(order.push(name));
    const all = [
      ...Array.from({ length: 5 }, (_, k) => queue.run('greedy', busy(`greedy ${k}`))),
      ...Array.from({ length: 3 }, (_, k) => queue.run('modest', quick(`modest ${k}`))),
    ];
    await Promise.all(all);
    expect(order.slice(0, 4)).toEqual(['greedy 0', 'modest 0', 'modest 1', 'modest 2']);
    expect(order).toHaveLength(8);
    // One that fails holds up nobody.
    await expect(queue.run('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await queue.run('b', () => Promise.resolve(1))).toBe(1);
  });

  it('take no more than half of the room that others leave', () => {
    const room = new AnswerRoom(1_000);
    const first = room.open('a');
    first.take(500);
    expect(() => first.take(1)).toThrow(/namespace a at once have more than/);
    const second = room.open('b');
    second.take(250);
    expect(() => second.take(1)).toThrow(/namespace b/);
    first.leave();
    second.take(250);
    second.leave();
    room.open('c').take(500);
  });

  it('are not kept where they take more than that, and leave their room when they are read', async () => {
    await using server = await testServer((_, response) => response.end(`"${'x'.repeat(400)}"`));
    const spec = { urlTemplate: server.url, jqExpression: 'length' };
    const room = measure(spec, { mostAnswerBytes: 1_000 });
    for (const answer of [await room.done, await room.again(), await room.again()])
      expect(answer).toMatchObject({ kind: 'value', value: 400 });
    expect(await measure(spec, { mostAnswerBytes: 700 }).done).toMatchObject({
      kind: 'error',
      reason: 'unusable-answer',
      message: expect.stringMatching(/at once have more than 0 MB/) as string,
    });
  });
});
