/**
 * Placeholders of messages, each value written so that it stays a value: in JSON a string or a part of one, in a URL or a form a
 * component, in a header one line. Source: docs/behavior.md 6.2.
 */
import { Iter8Error } from '../errors.ts';
import { sanitizeLine } from '../text/sanitize.ts';
import { fillPlaceholders, type PlaceholderScope } from './placeholders.ts';

/** What a body is written in. */
export type BodyKind = 'json' | 'form' | 'text';

/** By its content type; a body that does not begin like JSON is a text whatever it is called. */
export function bodyKind(body: string, contentType: string): BodyKind {
  const [type = ''] = contentType.toLowerCase().split(';');
  if (type.trim() === 'application/x-www-form-urlencoded') return 'form';
  return /^application\/(?:[\w.+-]+\+)?json$/.test(type.trim()) && /^\s*[[{"]/.test(body) ? 'json' : 'text';
}

/** @throws Iter8Error naming the placeholder that cannot be filled in; never its value */
export function fillBody(body: string, scope: PlaceholderScope, kind: BodyKind): string {
  switch (kind) {
    case 'json':
      return fillJson(body, scope);
    case 'form':
      // One half of a pair of surrogates is no character, and would be an error.
      return fillPlaceholders(body, scope, (value) => encodeURIComponent(value.toWellFormed()));
    case 'text':
      return fillPlaceholders(body, scope);
  }
}

/**
 * A value at its beginning is a URL, or the beginning of one, and stays as it is.
 *
 * @throws Iter8Error for what is no http or https URL then; without its text, which may hold a secret
 */
export function fillUrl(url: string, scope: PlaceholderScope): URL {
  if (url.includes('\0')) throw new Iter8Error('url: it holds a zero byte');
  const values: string[] = [];
  const marked = fillPlaceholders(url, scope, (value) => `\0${values.push(value) - 1}\0`).trim();
  const filled = marked
    .replace(/\0(\d+)\0/g, (_, index: string, at: number) => {
      const value = values[Number(index)]!;
      return at === 0 ? value : encodeURIComponent(value.toWellFormed());
    })
    .trim();
  if (!URL.canParse(filled) || !/^https?:\/\/[^/]/i.test(filled))
    throw new Iter8Error(`url: with its placeholders filled in it is no http or https URL`);
  return new URL(filled);
}

/** @throws Iter8Error for a value that no header can have; never with the value */
export function fillHeader({ name, value }: { name: string; value: string }, scope: PlaceholderScope): string {
  const filled = fillPlaceholders(value, scope).trim();
  if (!isHeaderValue(filled))
    throw new Iter8Error(`header ${sanitizeLine(name)}: its value is not one line of Latin-1, as headers are`);
  return filled;
}

/** RFC 9110: visible characters, spaces and tabs. */
export function isHeaderValue(text: string): boolean {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(text);
}

const MARK = /\0(\d+)\0/y;

/** Within a string of JSON: a part of it. Elsewhere: a value. */
function fillJson(body: string, scope: PlaceholderScope): string {
  if (body.includes('\0')) throw new Iter8Error('the body holds a zero byte');
  const values: { readonly text: string; readonly value: unknown }[] = [];
  const marked = fillPlaceholders(body, scope, (text, _, value) => `\0${values.push({ text, value }) - 1}\0`);
  let filled = '';
  let isInString = false;
  for (let at = 0; at < marked.length; ) {
    MARK.lastIndex = at;
    const mark = MARK.exec(marked);
    if (mark !== null) {
      const { text, value } = values[Number(mark[1])]!;
      filled += isInString ? JSON.stringify(text).slice(1, -1) : JSON.stringify(value);
      at += mark[0].length;
      continue;
    }
    const isEscape = isInString && marked[at] === '\\';
    if (marked[at] === '"') isInString = !isInString;
    filled += isEscape ? marked.slice(at, at + 2) : marked[at]!;
    at += isEscape ? 2 : 1;
  }
  return filled;
}
