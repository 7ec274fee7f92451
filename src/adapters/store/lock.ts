/** stand-in until the real one lands */
import type { DriverLock } from '../../engine/ports.ts';
export function createFileLock(_options: unknown): DriverLock {
  return { acquire: () => Promise.resolve({ held: { lost: new AbortController().signal, release: () => Promise.resolve() } }), holder: () => Promise.resolve(undefined) };
}
