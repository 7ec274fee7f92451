/** What a value from outside is. Pure. */

export const isText = (value: unknown): value is string => typeof value === 'string';

export const isTextList = (value: unknown): value is readonly string[] => Array.isArray(value) && value.every(isText);
