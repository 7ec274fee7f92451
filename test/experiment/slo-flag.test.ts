import { describe, expect, it } from 'vitest';
import { parseSlo } from '../../src/experiment/slo-flag.ts';

const P95 = 'iter8-system/latency-95th-percentile';

describe('an objective as people write it', () => {
  it.each([
    ['p95<=300ms', { metric: P95, upperLimit: '300' }],
    ['p95<=0.3s', { metric: P95, upperLimit: '300' }],
    ['p95 <= 300', { metric: P95, upperLimit: '300' }],
    ['mean<150us', { metric: 'iter8-system/mean-latency', upperLimit: '0.15' }],
    ['error-rate<=1%', { metric: 'iter8-system/error-rate', upperLimit: '0.01' }],
    ['error-rate<=0.0000001', { metric: 'iter8-system/error-rate', upperLimit: '0.0000001' }],
    ['error-rate<=0', { metric: 'iter8-system/error-rate', upperLimit: '0' }],
    ['request-count>=500', { metric: 'iter8-system/request-count', lowerLimit: '500' }],
    ['shop/share<=2%', { metric: 'shop/share', upperLimit: '0.02' }],
  ])('%s is read', (text, expected) => expect(parseSlo(text)).toEqual(expected));

  it.each([
    ['p95<=300m', 'did you mean 300ms?'],
    ['p95<=1h', 'takes a latency (us, ms, s; ms without a unit), got the unit "h"'],
    ['latency<=0.5s', 'there is no built-in metric "latency"'],
    ['shop/latency<=0.5s', 'takes a number in its own unit (or a share: 1%), got the unit "s"'],
    ['shop/distance<=5parsecs', 'got the unit "parsecs"'],
    ['error-rate<=1e-13', 'expected 0 or at least 1e-9'],
    ['error-rate<=5e-324', 'expected 0 or at least 1e-9'],
    ['error-rate<=1ms', 'takes a share (1% or 0.01), got the unit "ms"'],
  ])('%s is refused', (text, message) => expect(() => parseSlo(text)).toThrow(message));
});
