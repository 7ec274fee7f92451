/** What a value from outside is. Pure. */

export const isText = (value: unknown): value is string => typeof value === 'string';

export const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const isTextList = (value: unknown): value is readonly string[] => Array.isArray(value) && value.every(isText);
