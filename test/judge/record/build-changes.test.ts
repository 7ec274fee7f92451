/** When a version is another build than the one that was measured. */
import { describe, expect, it } from 'vitest';
import { buildChange, knownBuilds, type Build } from '../../../src/judge/record/build-changes.ts';

const build: Build = {
  object: 'Deployment shop/hello-v2',
  template: 'aaa',
  images: { app: 'hello:2' },
  hashes: ['h1'],
  digests: { app: ['sha256:1'] },
};
const becomes = (now: Partial<Build>) => buildChange({ v2: build }, { v2: { ...build, ...now } })?.what;

describe('a change of build', () => {
  it('is none when pods come and go with the same build', () => {
    expect(becomes({})).toBeUndefined();
    expect(becomes({ hashes: [], digests: {} })).toBeUndefined();
    expect(becomes({ digests: { app: [] } })).toBeUndefined();
  });

  it('is another object, image, template, digest or maker of pods, or that nothing is left', () => {
    expect(becomes({ object: 'Service shop/other' })).toBe(
      'it was Deployment shop/hello-v2, and is Service shop/other',
    );
    expect(becomes({ images: { app: 'hello:3' }, template: 'bbb' })).toBe(
      'image app of Deployment shop/hello-v2 was hello:2, is hello:3',
    );
    expect(becomes({ template: 'bbb' })).toBe('pod template of Deployment shop/hello-v2 was aaa, is bbb');
    expect(becomes({ digests: { app: ['sha256:2'] } })).toBe(
      'image app of Deployment shop/hello-v2 ran as sha256:1, runs as sha256:2',
    );
    expect(becomes({ digests: { app: ['sha256:1', 'sha256:2'] } })).toBe(
      'image app of Deployment shop/hello-v2 ran as sha256:1, runs as sha256:1 and sha256:2',
    );
    expect(becomes({ hashes: ['h2'] })).toBe(
      'pods of Deployment shop/hello-v2 were made of template h1, are made of h2',
    );
    expect(buildChange({ v2: build }, {})).toEqual({ version: 'v2', what: 'Deployment shop/hello-v2 is gone' });
  });

  it('is seen behind a time without pods', () => {
    const empty = { ...build, hashes: [], digests: {} };
    const known = knownBuilds(knownBuilds({ v2: build }, { v2: empty }), { v1: build });
    expect(buildChange(known, { v1: build, v2: { ...build, digests: { app: ['sha256:9'] } } })?.version).toBe('v2');
    const learned = knownBuilds({ v2: empty }, { v2: build });
    expect(buildChange(learned, { v2: { ...build, hashes: ['h2'] } })?.version).toBe('v2');
  });
});
