/**
 * Label selectors as kubectl writes them: `a=b,c!=d,e in (f,g),h,!i,j>1`.
 *
 * Source: Kubernetes, k8s.io/apimachinery/pkg/labels (Parse, Requirement.Matches).
 */
import { UsageError } from '../errors.ts';
import { SUBDOMAIN } from './object-names.ts';

/** One condition on the labels of an object. All of a selector must hold. */
export type Requirement =
  | { readonly key: string; readonly operator: 'exists' | 'absent' }
  | { readonly key: string; readonly operator: 'in' | 'notin'; readonly values: readonly string[] }
  | { readonly key: string; readonly operator: '>' | '<'; readonly bound: bigint };

/** Empty: everything matches. */
export type Selector = readonly Requirement[];

type Labels = Readonly<Record<string, string>>;

const NAME = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const INTEGER = /^[+-]?\d+$/;
const TOKEN = /\s*(==|!=|[=!<>(),]|[^\s=!<>(),]+)/y;

/** Throws UsageError that names the selector and what was expected at which place. */
export function parseSelector(text: string): Selector {
  return text.trim() === '' ? [] : new Parser(text).selector();
}

/** A label that is absent satisfies `!=`, `notin` and `!key`, as in Kubernetes. */
export function matchesSelector(selector: Selector, labels: Labels = {}): boolean {
  return selector.every((requirement) => {
    const value = Object.hasOwn(labels, requirement.key) ? labels[requirement.key] : undefined;
    switch (requirement.operator) {
      case 'exists':
        return value !== undefined;
      case 'absent':
        return value === undefined;
      case 'in':
        return value !== undefined && requirement.values.includes(value);
      case 'notin':
        return value === undefined || !requirement.values.includes(value);
      case '>':
        return value !== undefined && INTEGER.test(value) && integerOf(value) > requirement.bound;
      case '<':
        return value !== undefined && INTEGER.test(value) && integerOf(value) < requirement.bound;
    }
  });
}

class Parser {
  readonly #text: string;
  readonly #tokens: { readonly text: string; readonly column: number }[] = [];
  #next = 0;

  constructor(text: string) {
    this.#text = text;
    TOKEN.lastIndex = 0;
    for (let match = TOKEN.exec(text); match !== null; match = TOKEN.exec(text)) {
      const token = match[1] as string;
      this.#tokens.push({ text: token, column: match.index + match[0].length - token.length + 1 });
    }
  }

  selector(): Selector {
    const requirements = [this.#requirement()];
    while (this.#peek() !== undefined) {
      this.#expect(',');
      requirements.push(this.#requirement());
    }
    return requirements;
  }

  #requirement(): Requirement {
    if (this.#peek() === '!') {
      this.#next += 1;
      return { key: this.#key(), operator: 'absent' };
    }
    const key = this.#key();
    const operator = this.#peek();
    if (operator === undefined || operator === ',') return { key, operator: 'exists' };
    switch (operator) {
      case '=':
      case '==':
        this.#next += 1;
        return { key, operator: 'in', values: [this.#value()] };
      case '!=':
        this.#next += 1;
        return { key, operator: 'notin', values: [this.#value()] };
      case 'in':
      case 'notin':
        this.#next += 1;
        return { key, operator, values: this.#values() };
      case '>':
      case '<':
        this.#next += 1;
        return { key, operator, bound: this.#integer() };
      default:
        return this.#fail('=, !=, in, notin, > or <');
    }
  }

  #values(): string[] {
    this.#expect('(');
    const values = [this.#value()];
    while (this.#peek() === ',') {
      this.#next += 1;
      values.push(this.#value());
    }
    this.#expect(')');
    return values;
  }

  #key(): string {
    const key = this.#peek() ?? '';
    const slash = key.lastIndexOf('/');
    const prefix = key.slice(0, Math.max(slash, 0));
    const valid = NAME.test(key.slice(slash + 1)) && (slash < 0 || (prefix.length <= 253 && SUBDOMAIN.test(prefix)));
    if (!valid) return this.#fail('a label key');
    this.#next += 1;
    return key;
  }

  /** A value may be empty: `a=`, `a in (,b)`. */
  #value(): string {
    const value = this.#peek();
    if (value === undefined || value === ',' || value === ')') return '';
    if (!NAME.test(value)) return this.#fail('a label value (at most 63 letters, digits, -, _ and .)');
    this.#next += 1;
    return value;
  }

  #integer(): bigint {
    const value = this.#peek() ?? '';
    if (!INTEGER.test(value)) return this.#fail('an integer');
    this.#next += 1;
    return integerOf(value);
  }

  #expect(token: string): void {
    if (this.#peek() !== token) this.#fail(`"${token}"`);
    this.#next += 1;
  }

  #peek(): string | undefined {
    return this.#tokens[this.#next]?.text;
  }

  #fail(expected: string): never {
    const token = this.#tokens[this.#next];
    const found = token === undefined ? 'it ends' : `there is "${token.text}" (column ${token.column})`;
    throw new UsageError(`invalid label selector "${this.#text}": expected ${expected}, but ${found}`, {
      hint: 'write it as for kubectl, e.g. app=web,tier!=cache,track in (a,b),owner,!legacy',
    });
  }
}

/** BigInt reads a leading minus but no plus. */
function integerOf(text: string): bigint {
  return BigInt(text.startsWith('+') ? text.slice(1) : text);
}
