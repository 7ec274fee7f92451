/** Commands about an object in a file, as somebody asks who got it by mail. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Experiment } from '../../src/experiment/experiment.ts';
import { iter8ctl, type Finished } from './test-io.ts';

/** `askAbout(experiment, 'assert', '-c', 'completed')`. */
export async function askAbout(experiment: Experiment, ...argv: string[]): Promise<Finished> {
  const cwd = mkdtempSync(path.join(tmpdir(), 'iter8ctl-object-'));
  try {
    writeFileSync(path.join(cwd, 'object.json'), JSON.stringify(experiment));
    return await iter8ctl([...argv, '-f', 'object.json'], { cwd });
  } finally {
    rmSync(cwd, { recursive: true });
  }
}
