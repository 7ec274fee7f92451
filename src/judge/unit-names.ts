/** Units as people write them in `spec.units` of a metric. Pure. */

export const isMilliseconds = (units: string): boolean => /^(ms|msecs?|milli-?seconds?)$/i.test(units.trim());
