/** Where in a text each field of a YAML document stands: field path -> line and column. Home of js-yaml's events. */
import { EVENT_ID, getScalarValue, SCALAR_STYLE, type Event, type ScalarEvent } from 'js-yaml';
import { pathText, type Path } from '../../experiment/schema-issues.ts';
import type { Issue } from '../../errors.ts';

/** Both count from 1; a column is a UTF-16 code unit, as in most editors. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Offsets of one document, by field path; the path of the document itself is empty. */
export interface Places {
  readonly keys: ReadonlyMap<string, number>;
  readonly values: ReadonlyMap<string, number>;
}

/** From offsets in a text to lines and columns. */
export function lineIndex(text: string): (offset: number) => Position {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (starts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - starts[low]! + 1 };
  };
}

/** The last segment of a field path as `pathText` writes it. */
const LAST_SEGMENT = /(?:\.?[A-Za-z_][\w-]*|\[\d+\]|\["(?:[^"\\]|\\.)*"\])$/;

/** Offset of a field; of the nearest field around it when it is not there. */
export function offsetOf(places: Places, path: string, about: 'key' | 'value'): number {
  const maps = about === 'key' ? [places.keys, places.values] : [places.values, places.keys];
  for (let at = path; ; at = at.replace(LAST_SEGMENT, '')) {
    for (const map of maps) {
      const offset = map.get(at);
      if (offset !== undefined) return offset;
    }
    if (at === '' || at.replace(LAST_SEGMENT, '') === at) return 0;
  }
}

/** In the order in which the problems stand in their texts; those without a position last. Sources keep their order. */
export function sortIssues<T extends Issue>(issues: readonly T[], order: readonly string[] = []): T[] {
  const sources = [...new Set([...order, ...issues.map((issue) => issue.source)])];
  const rank = (issue: Issue): [number, number, number] => [
    sources.indexOf(issue.source),
    issue.line ?? Number.MAX_SAFE_INTEGER,
    issue.column ?? Number.MAX_SAFE_INTEGER,
  ];
  return issues.toSorted((a, b) => {
    const [x, y] = [rank(a), rank(b)];
    return x[0] - y[0] || x[1] - y[1] || x[2] - y[2];
  });
}

/** Sees every scalar, keys too, with the path of its field. */
export type ScalarVisitor = (path: Path, event: ScalarEvent, offset: number) => void;

/** The places of every field of every document. */
export function placesOf(events: readonly Event[], source: string, visit: ScalarVisitor = () => undefined): Places[] {
  const documents: Places[] = [];
  const walk = new Walk(events, source, visit);
  while (!walk.atEnd) documents.push(walk.document());
  return documents;
}

/** Reads the flat list of events as the tree that it is. Depth is limited by the parser. */
class Walk {
  readonly #events: readonly Event[];
  readonly #source: string;
  readonly #visit: ScalarVisitor;
  #keys = new Map<string, number>();
  #values = new Map<string, number>();
  #next = 0;

  constructor(events: readonly Event[], source: string, visit: ScalarVisitor) {
    this.#events = events;
    this.#source = source;
    this.#visit = visit;
  }

  get atEnd(): boolean {
    return this.#next >= this.#events.length;
  }

  document(): Places {
    this.#keys = new Map();
    this.#values = new Map();
    this.#next++; // the document itself
    while (!this.#pop()) this.#node([], 0);
    return { keys: this.#keys, values: this.#values };
  }

  #pop(): boolean {
    const ends = this.#events[this.#next]?.type === EVENT_ID.POP;
    if (ends) this.#next++;
    return ends || this.atEnd;
  }

  /** `fallback` is where an empty scalar is said to stand: it has no place of its own. */
  #node(path: Path, fallback: number): void {
    const event = this.#events[this.#next++]!;
    const key = pathText(path);
    if (event.type === EVENT_ID.SCALAR) {
      const offset = scalarOffset(event, fallback);
      this.#values.set(key, offset);
      this.#visit(path, event, offset);
    } else if (event.type === EVENT_ID.ALIAS) this.#values.set(key, event.anchorStart - 1);
    else if (event.type === EVENT_ID.SEQUENCE) {
      this.#values.set(key, event.start);
      for (let index = 0; !this.#pop(); index++) this.#node([...path, index], event.start);
    } else if (event.type === EVENT_ID.MAPPING) {
      this.#values.set(key, event.start);
      while (!this.#pop()) this.#entry(path, event.start);
    }
  }

  #entry(path: Path, fallback: number): void {
    const key = this.#events[this.#next++]!;
    if (key.type !== EVENT_ID.SCALAR) return; // refused when values are made
    const at = [...path, getScalarValue(this.#source, key)];
    const offset = scalarOffset(key, fallback);
    this.#keys.set(pathText(at), offset);
    this.#visit(at, key, offset);
    this.#node(at, offset);
  }
}

function scalarOffset(event: ScalarEvent, fallback: number): number {
  if (event.valueStart < 0) return fallback;
  const quoted = event.style === SCALAR_STYLE.SINGLE_QUOTED || event.style === SCALAR_STYLE.DOUBLE_QUOTED;
  return quoted ? event.valueStart - 1 : event.valueStart;
}
