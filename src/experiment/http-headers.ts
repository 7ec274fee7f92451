/** Header fields of requests: which may be given, and how several of one name are put together. Pure. */

/**
 * Fields that belong to one connection, or say where a message ends (RFC 9110 sections 7.6.1, 8.6 and 10.1.1, RFC 9112 sections 6
 * and 9): whoever holds the connection sets them. Given by hand they would contradict what is sent.
 */
const OF_THE_CONNECTION: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Whether a request may be given this field. */
export function isSendableHeader(name: string): boolean {
  return !OF_THE_CONNECTION.has(name.toLowerCase());
}

export const UNSENDABLE_HEADER =
  'a header of the request; this one belongs to the connection, and is set by this program';

/** Of several lists the nearest, which is the last, wins. Names are the same in any case; the last spelling is kept. */
export function mergeHeaders(lists: readonly (Readonly<Record<string, string>> | undefined)[]): Record<string, string> {
  const merged = new Map<string, readonly [name: string, value: string]>();
  for (const list of lists)
    for (const [name, value] of Object.entries(list ?? {})) merged.set(name.toLowerCase(), [name, value]);
  return Object.fromEntries(merged.values());
}

/** Repeated fields are one with a list of values (RFC 9110 section 5.3); cookies have a list syntax of their own (RFC 6265). */
export function joinHeaders(fields: readonly (readonly [name: string, value: string])[]): Record<string, string> {
  const joined = new Map<string, readonly [name: string, value: string]>();
  for (const [name, value] of fields) {
    const key = name.toLowerCase();
    const [first, before] = joined.get(key) ?? [name, undefined];
    joined.set(key, [first, before === undefined ? value : `${before}${key === 'cookie' ? '; ' : ', '}${value}`]);
  }
  return Object.fromEntries(joined.values());
}
