/**
 * From a text to objects of whatever kind: YAML with several documents, JSON, `kind: List`. Nothing is thrown: what cannot be
 * read is an issue with its line and column.
 */
import { formatCount } from '../../text/units.ts';
import { isObject } from '../../text/check-fields.ts';
import {
  constructFromEvents,
  CORE_SCHEMA,
  EVENT_ID,
  getScalarValue,
  mergeTag,
  parseEvents,
  YAMLException,
  type Event,
} from 'js-yaml';
import { messageOf, type Issue } from '../../errors.ts';
import { pathText } from '../../experiment/schema-issues.ts';
import { sanitizeLine } from '../../text/sanitize.ts';
import { hasOtherReadings, isLetter, isPlain, otherReading, otherReadingText } from './yaml-1-1-scalars.ts';
import { MAX_DEPTH, MAX_TEXT_LENGTH } from './text-limits.ts';
import { hintAbout } from './yaml-hints.ts';
import { lineIndex, offsetOf, placesOf, type Places, type Position } from './yaml-positions.ts';

/** Values of a text with all aliases written out. */
const MAX_NODES = 1_000_000;

/** Objects of one text; parsing takes 100 bytes and more for each. */
const MAX_DOCUMENTS = 10_000;

/** YAML 1.2 with `<<`. What kubectl reads otherwise: `yaml-1-1-scalars.ts`. */
const SCHEMA = CORE_SCHEMA.withTags(mergeTag);

/** One object of a manifest. */
export interface ManifestObject {
  readonly value: Readonly<Record<string, unknown>>;
  /** `kind` as written; undefined when there is none. */
  readonly kind: string | undefined;
  /** Where the text came from, as messages name it. */
  readonly source: string;
  /** Adds source, line and column to an issue whose path is relative to this object. */
  readonly locate: <T extends Issue>(issue: T) => T;
}

export interface ManifestText {
  readonly objects: readonly ManifestObject[];
  readonly issues: readonly Issue[];
  /**
   * Of a manifest, which kubectl may read too: why it is none at all (a template), or scalars that kubectl reads otherwise;
   * `notes` are about those that do no harm.
   */
  readonly doubts: () => {
    readonly isNone: boolean;
    readonly issues: readonly Issue[];
    readonly notes: readonly Issue[];
  };
}

/** Reads a text. Empty documents are no objects. `source` names it in issues. */
export function readManifest(text: string, source: string): ManifestText {
  if (text.length > MAX_TEXT_LENGTH) {
    return failed({
      source,
      path: '',
      message: `too large for a manifest: more than ${MAX_TEXT_LENGTH / 1024 / 1024} MB`,
    });
  }
  const excess = excessOf(text);
  if (excess !== undefined) return failed({ source, path: '', message: excess });
  let events: Event[];
  let documents: unknown[];
  try {
    events = parseEvents(text, { maxDepth: MAX_DEPTH });
    const bomb = expansionProblem(events, text);
    if (bomb !== undefined) return failed({ source, ...lineIndex(text)(bomb.offset), path: '', message: bomb.message });
    documents = constructFromEvents(events, { source: text, schema: SCHEMA });
  } catch (error) {
    const json = withoutTabs(text);
    if (json !== undefined) return readManifest(json, source);
    const hint = hintAbout(text, { isBroken: true });
    if (hint === undefined) return failed(problemOf(error, text, source));
    return failed({ source, ...lineIndex(text)(hint.offset), path: '', message: hint.message });
  }
  // Only needed when something is wrong, and costly for large texts.
  let places: Places[] | undefined;
  let positionAt: ((offset: number) => Position) | undefined;
  const locator = (document: number, prefix: string) =>
    locatorOf({
      source,
      prefix,
      positionOf: (path, about) => {
        places ??= placesOf(events, text);
        positionAt ??= lineIndex(text);
        const found = places[document];
        return found === undefined ? undefined : positionAt(offsetOf(found, path, about));
      },
    });
  return { ...collect(documents, source, locator), doubts: () => doubtsAbout(events, text, source) };
}

function doubtsAbout(events: readonly Event[], text: string, source: string): ReturnType<ManifestText['doubts']> {
  const hint = hintAbout(text, { isBroken: false });
  if (hint !== undefined)
    return {
      isNone: true,
      issues: [{ source, ...lineIndex(text)(hint.offset), path: '', message: hint.message }],
      notes: [],
    };
  const [issues, notes]: [Issue[], Issue[]] = [[], []];
  if (!hasOtherReadings(events, text)) return { isNone: false, issues, notes };
  const positionAt = lineIndex(text);
  placesOf(events, text, (path, event, offset) => {
    if (!isPlain(event)) return;
    const written = getScalarValue(text, event);
    const theirs = otherReading(written);
    if (theirs !== undefined)
      (isLetter(written) ? notes : issues).push({
        source,
        ...positionAt(offset),
        path: pathText(path),
        message: otherReadingText(written, theirs),
      });
  });
  return { isNone: false, issues, notes };
}

/** Seen in the text itself, since parsing all of it would take most of the memory first. */
function excessOf(text: string): string | undefined {
  if (text.length < MAX_DOCUMENTS) return undefined;
  if (count(text, /^---/gm, MAX_DOCUMENTS) > MAX_DOCUMENTS)
    return `too many documents: more than ${formatCount(MAX_DOCUMENTS)}`;
  // Every value but the first stands behind one of these.
  if (text.length > MAX_NODES && count(text, /[,\n]/g, MAX_NODES) > MAX_NODES) return TOO_MANY_VALUES;
  return undefined;
}

const TOO_MANY_VALUES = `too many values: more than ${formatCount(MAX_NODES)}`;

function count(text: string, pattern: RegExp, most: number): number {
  let found = 0;
  while (found <= most && pattern.test(text)) found += 1;
  return found;
}

/**
 * JSON that is indented with tabs, which YAML refuses, with spaces in their places: a JSON text has none at the beginning of
 * a line that mean anything. Undefined for other texts.
 */
function withoutTabs(text: string): string | undefined {
  if (!/^\ufeff?\s*[{[]/.test(text) || !/^[ \r]*\t/m.test(text)) return undefined;
  return text.replaceAll(/^[ \t\r]+/gm, (indent) => indent.replaceAll('\t', ' '));
}

function failed(issue: Issue): ManifestText {
  return { objects: [], issues: [issue], doubts: () => ({ isNone: true, issues: [], notes: [] }) };
}

type Locate = ManifestObject['locate'];

/** Issues about keys (unknown, misspelt ones) point at the key, all others at the value. */
function locatorOf(at: {
  readonly source: string;
  readonly prefix: string;
  readonly positionOf: (path: string, about: 'key' | 'value') => Position | undefined;
}): Locate {
  return (issue) => {
    const dot = at.prefix === '' || issue.path === '' || issue.path.startsWith('[') ? '' : '.';
    const position = at.positionOf(
      `${at.prefix}${dot}${issue.path}`,
      issue.message.startsWith('unknown ') ? 'key' : 'value',
    );
    return { ...issue, source: at.source, ...position };
  };
}

function collect(
  documents: readonly unknown[],
  source: string,
  locator: (document: number, prefix: string) => Locate,
): Omit<ManifestText, 'doubts'> {
  const objects: ManifestObject[] = [];
  const issues: Issue[] = [];
  const add = (value: unknown, document: number, prefix: string): void => {
    const locate = locator(document, prefix);
    if (!isObject(value)) {
      const got = Array.isArray(value) ? 'a list' : typeof value === 'string' ? 'a text' : `the value ${String(value)}`;
      issues.push(locate({ path: '', message: `expected an object with apiVersion, kind and metadata, got ${got}` }));
      return;
    }
    const kind = typeof value['kind'] === 'string' ? value['kind'] : undefined;
    if (kind?.endsWith('List') === true && Array.isArray(value['items'])) {
      for (const [index, item] of value['items'].entries()) {
        add(item, document, `${prefix}${prefix === '' ? '' : '.'}items[${index}]`);
      }
      return;
    }
    objects.push({ value, kind, source, locate });
  };
  for (const [document, value] of documents.entries()) {
    if (value !== null && value !== undefined) add(value, document, '');
  }
  return { objects, issues };
}

/** Aliases that stand for themselves, or that add up to more than anybody would write. */
function expansionProblem(
  events: readonly Event[],
  text: string,
): { readonly offset: number; readonly message: string } | undefined {
  /** Values under each anchor, undefined while it is open. */
  const sizes = new Map<string, number | undefined>();
  const open: { readonly anchor: string | undefined; size: number }[] = [];
  for (const event of events) {
    let size = 1;
    if (event.type === EVENT_ID.POP) {
      const closed = open.pop();
      if (closed?.anchor !== undefined) sizes.set(closed.anchor, closed.size);
      size = closed?.size ?? 0;
    } else if (event.type === EVENT_ID.ALIAS) {
      const name = text.slice(event.anchorStart, event.anchorEnd);
      if (sizes.has(name) && sizes.get(name) === undefined)
        return { offset: event.anchorStart - 1, message: `*${sanitizeLine(name)} stands for itself` };
      size = sizes.get(name) ?? 1;
    } else if (event.type !== EVENT_ID.SCALAR) {
      const anchor = event.type === EVENT_ID.DOCUMENT ? undefined : anchorOf(event, text);
      if (anchor !== undefined) sizes.set(anchor, undefined);
      open.push({ anchor, size: 1 });
      continue;
    } else {
      const anchor = anchorOf(event, text);
      if (anchor !== undefined) sizes.set(anchor, 1);
    }
    const parent = open.at(-1);
    if (parent !== undefined) parent.size += size;
    if ((parent?.size ?? size) > MAX_NODES) {
      if (sizes.size === 0) return { offset: 0, message: TOO_MANY_VALUES };
      const offset = event.type === EVENT_ID.ALIAS ? event.anchorStart - 1 : 0;
      return { offset, message: `aliases add up to more than ${formatCount(MAX_NODES)} values` };
    }
  }
  return undefined;
}

function anchorOf(
  event: { readonly anchorStart: number; readonly anchorEnd: number },
  text: string,
): string | undefined {
  return event.anchorStart < 0 ? undefined : text.slice(event.anchorStart, event.anchorEnd);
}

/** What broke the parser, in words about the text. */
function problemOf(error: unknown, text: string, source: string): Issue {
  if (!(error instanceof YAMLException) || error.mark === undefined) {
    return { source, path: '', message: `not valid YAML: ${messageOf(error)}` };
  }
  const { line, position } = error.mark;
  const isQuoted = /["']/.test(text.charAt(position - 1)); // the parser points behind the quote
  const column = error.mark.column + (isQuoted ? 0 : 1);
  const word = sanitizeLine(/^[^\s:"',{}[\]]{0,60}/.exec(text.slice(position, position + 80))?.[0] ?? '');
  return { source, line: line + 1, column, path: '', message: messageFor(error.reason, word) };
}

function messageFor(reason: string, word: string): string {
  if (reason.startsWith('duplicated mapping key')) return `the key ${word} is there twice in the same object`;
  if (reason.startsWith('tab characters')) return 'indented with a tab; YAML takes spaces only';
  if (reason.startsWith('nesting exceeded')) return `nested deeper than ${MAX_DEPTH} levels`;
  return `not valid YAML: ${sanitizeLine(reason)}`;
}
