/** A canary with every kind of objective and weights, driven in memory, to be measured. */
import { canary, driveInMemory, withWeights, type Drive } from './driving.ts';
import { memoryTraffic } from './memory-traffic.ts';

/** `hello-experiment` in `default`: `old` and `new`, 90 to 10, on a latency, a share and a count. */
export function measuredCanary(): Promise<Drive> {
  const written = canary({
    objectives: [
      { metric: 'iter8-system/mean-latency', upperLimit: '500', lowerLimit: '1' },
      { metric: 'iter8-system/error-rate', upperLimit: '0.1' },
      { metric: 'iter8-system/error-rate', upperLimit: '0.2' },
      { metric: 'iter8-system/error-count', upperLimit: '50' },
    ],
  });
  const spec = { ...written.spec, versionInfo: withWeights('old', 'new') };
  return driveInMemory({ ...written, spec }, { traffic: memoryTraffic({ old: 90, new: 10 }) });
}
