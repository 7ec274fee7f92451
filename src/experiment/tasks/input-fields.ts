/** The fields that inputs of tasks are made of, with what is said of one that is wrong; and how inputs are read. */
import * as z from 'zod';
import '../zod-settings.ts';
import { parseDurationMs } from '../../text/duration.ts';
import { isHttpUrl } from '../http-url.ts';
import { isSendableHeader, UNSENDABLE_HEADER } from '../http-headers.ts';
import { child, expectedGot } from '../schema-issues.ts';
import { MAX_INT32 } from '../contract-words.ts';

export const text = z.string().min(1);
export const whole = (min: number) => z.int().min(min).max(MAX_INT32);

const URL_NOUN = 'an http or https URL';
export const url = z.string({ error: ({ input }) => expectedGot(URL_NOUN, input) }).refine(isHttpUrl, {
  error: ({ input }) => {
    const withScheme = `http://${String(input)}`;
    const hint = !String(input).includes('://') && isHttpUrl(withScheme) ? `; did you mean ${withScheme}?` : '';
    return expectedGot(URL_NOUN, input) + hint;
  },
});

/** A URL that may hold placeholders, which are filled in before it is used. */
export const urlTemplate = z
  .string({ error: ({ input }) => expectedGot(URL_NOUN, input) })
  .refine((written) => written.includes('@<') || isHttpUrl(written), {
    error: ({ input }) => expectedGot(URL_NOUN, input),
  });

const DURATION = 'a duration above 0 such as 30s or 1m30s';
export const duration = z
  .string({ error: ({ input }) => expectedGot(DURATION, input) })
  .refine((written) => (parseDurationMs(written) ?? 0) > 0, {
    error: ({ input }) => expectedGot(DURATION, input),
  });

/** RFC 9110: a token; a value is visible characters, spaces and tabs. */
export const headerName = z
  .string()
  .regex(/^[!#$%&'*+.^_`|~\w-]+$/, { error: ({ input }) => expectedGot('the name of a header', input) })
  .refine(isSendableHeader, { error: ({ input }) => expectedGot(UNSENDABLE_HEADER, input) });
const headerValue = z.string().regex(/^[\t\x20-\x7e\x80-\xff]*$/, {
  error: ({ input }) => expectedGot('a header value on one line, in Latin-1', input),
});
export const headers = z.record(headerName, headerValue, {
  error: (issue) =>
    issue.code === 'invalid_key' ? expectedGot(headerNoun(issue.path?.at(-1)), issue.path?.at(-1)) : undefined,
});

function headerNoun(name: unknown): string {
  return typeof name === 'string' && !isSendableHeader(name) ? UNSENDABLE_HEADER : 'the name of a header';
}

/** The inputs that are right; of a list its elements that are. Never throws. */
export function readable<Shape extends z.core.$ZodShape>(
  schema: z.ZodObject<Shape>,
  written: Readonly<Record<string, unknown>> = {},
) {
  const right: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(written)) {
    const expected = child(schema, key);
    if (expected === undefined) continue;
    const isRight = z.safeParse(expected, value).success;
    const usable: unknown =
      !isRight && expected instanceof z.ZodArray && Array.isArray(value)
        ? value.filter((item) => z.safeParse(expected.element, item).success)
        : value;
    if (isRight || z.safeParse(expected, usable).success) right[key] = usable;
  }
  return schema.partial().parse(right); // cannot fail: every key passed by itself
}
