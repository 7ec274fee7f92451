/**
 * The condition of a task (`if`): the part of Go's `expr` language that is in the field. Only reads the experiment, as JSON
 * under the names of Go's fields (`Status.Analysis != nil`), and calls the functions that it is given. Home of jsep.
 *
 * `or ||` bind least, then `and &&`, comparisons, `+ -`, `* / %`, `not ! -`. Source: docs/contract.md 3.
 */
import jsep from 'jsep';
import { Iter8Error } from '../errors.ts';
import { didYouMean } from '../text/did-you-mean.ts';
import { sanitizeLine } from '../text/sanitize.ts';
import { applyOperator, lengthOf, member, memberOfRoot, ROOT_NAMES } from './condition-values.ts';

/** Functions by name. They take no arguments. */
export type ConditionFunctions = Readonly<Record<string, () => unknown>>;

/** What conditions can call wherever they stand. */
const CONDITION_FUNCTIONS = ['CandidateWon', 'WinnerFound'] as const;

/** Longer ones are no conditions. */
const MAX_LENGTH = 2_000;

/** What is wrong with a condition as it is written, or undefined. */
export function conditionProblem(text: string): string | undefined {
  try {
    check(parse(text), CONDITION_FUNCTIONS);
    return undefined;
  } catch (error) {
    if (error instanceof Refused)
      return `expected a condition, got "${sanitizeLine(text.slice(0, 100))}": ${sanitizeLine(error.message)}`;
    throw error;
  }
}

/**
 * Whether a condition holds.
 *
 * @throws Iter8Error when it cannot be read, or reads what is not there, or is neither true nor false.
 */
export function evaluateCondition(text: string, experiment: unknown, functions: ConditionFunctions): boolean {
  try {
    const expression = parse(text);
    check(expression, Object.keys(functions));
    const result = evaluate(expression, { root: experiment, functions });
    if (typeof result === 'boolean') return result;
    throw new Refused(`it is ${kindOf(result)}, expected true or false`);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    throw new Iter8Error(`if: ${sanitizeLine(text.slice(0, 200))}: ${sanitizeLine(error.message)}`, {
      hint: 'conditions are such as CandidateWon(), not WinnerFound(), Status.Analysis != nil',
    });
  }
}

/** A condition that cannot be read or evaluated; does not leave this file. */
class Refused extends Error {
  override readonly name = 'Refused';
}

const BINARY: Readonly<Record<string, number>> = {
  or: 1,
  '||': 1,
  and: 2,
  '&&': 2,
  '==': 6,
  '!=': 6,
  '<': 7,
  '>': 7,
  '<=': 7,
  '>=': 7,
  in: 7,
  'not in': 7,
  matches: 7,
  contains: 7,
  startsWith: 7,
  endsWith: 7,
  '+': 9,
  '-': 9,
  '*': 10,
  '/': 10,
  '%': 10,
};
const UNARY = ['not', '!', '-', '+'];

let configured = false;

/** jsep has one grammar for the whole process: ours replaces it, once. */
function configure(): void {
  if (configured) return;
  jsep.removeAllBinaryOps();
  jsep.removeAllUnaryOps();
  jsep.removeAllLiterals();
  for (const [operator, precedence] of Object.entries(BINARY)) jsep.addBinaryOp(operator, precedence);
  for (const operator of UNARY) jsep.addUnaryOp(operator);
  jsep.addLiteral('true', true);
  jsep.addLiteral('false', false);
  jsep.addLiteral('nil', null);
  jsep.addLiteral('null', null);
  configured = true;
}

function parse(text: string): jsep.Expression {
  if (text.length > MAX_LENGTH) throw new Refused(`it is longer than ${MAX_LENGTH} characters`);
  if (text.trim() === '') throw new Refused('it is empty');
  configure();
  try {
    return jsep(text);
  } catch (error) {
    const reason = error instanceof Error ? sanitizeLine(error.message) : 'it cannot be read';
    throw new Refused(reason.charAt(0).toLowerCase() + reason.slice(1));
  }
}

const isLiteral = (e: jsep.Expression): e is jsep.Literal => e.type === 'Literal';
const isIdentifier = (e: jsep.Expression): e is jsep.Identifier => e.type === 'Identifier';
const isMember = (e: jsep.Expression): e is jsep.MemberExpression => e.type === 'MemberExpression';
const isCall = (e: jsep.Expression): e is jsep.CallExpression => e.type === 'CallExpression';
const isUnary = (e: jsep.Expression): e is jsep.UnaryExpression => e.type === 'UnaryExpression';
const isBinary = (e: jsep.Expression): e is jsep.BinaryExpression => e.type === 'BinaryExpression';
const isConditional = (e: jsep.Expression): e is jsep.ConditionalExpression => e.type === 'ConditionalExpression';
const isArray = (e: jsep.Expression): e is jsep.ArrayExpression => e.type === 'ArrayExpression';

/** Everything that can be seen without an experiment: names of functions and fields, and what is no part of the language. */
function check(e: jsep.Expression, functions: readonly string[]): void {
  const checkAll = (parts: readonly (jsep.Expression | null)[]) => {
    for (const part of parts) {
      if (part === null) throw new Refused('a list has a hole');
      check(part, functions);
    }
  };
  if (isLiteral(e)) return;
  if (isIdentifier(e)) {
    if (ROOT_NAMES.has(e.name.toLowerCase())) return;
    throw new Refused(
      functions.includes(e.name)
        ? `call ${e.name} as ${e.name}()`
        : `unknown name ${e.name}${didYouMean(e.name, [...functions, 'Spec', 'Status', 'Name', 'Namespace'])}`,
    );
  }
  if (isMember(e)) return checkAll(e.computed ? [e.object, e.property] : [e.object]);
  if (isCall(e)) {
    if (!isIdentifier(e.callee)) throw new Refused('only functions can be called');
    const { name } = e.callee;
    if (name === 'len') {
      if (e.arguments.length !== 1) throw new Refused('len takes one argument');
    } else if (!functions.includes(name)) throw new Refused(`unknown function ${name}${didYouMean(name, functions)}`);
    else if (e.arguments.length > 0) throw new Refused(`${name} takes no arguments`);
    return checkAll(e.arguments);
  }
  if (isUnary(e)) return check(e.argument, functions);
  if (isBinary(e)) return checkAll([e.left, e.right]);
  if (isConditional(e)) return checkAll([e.test, e.consequent, e.alternate]);
  if (isArray(e)) return checkAll(e.elements);
  throw new Refused(
    e.type === 'Compound'
      ? 'expected one condition, got several things in a row'
      : 'it holds what is no part of a condition',
  );
}

interface Scope {
  readonly root: unknown;
  readonly functions: ConditionFunctions;
}

function evaluate(e: jsep.Expression, scope: Scope): unknown {
  if (isLiteral(e)) return e.value;
  if (isIdentifier(e)) return memberOfRoot(scope.root, e.name);
  if (isMember(e)) return evaluateMember(e, scope);
  if (isCall(e)) return evaluateCall(e, scope);
  if (isUnary(e)) return evaluateUnary(e.operator, evaluate(e.argument, scope));
  if (isConditional(e)) return evaluate(truth(evaluate(e.test, scope), '?') ? e.consequent : e.alternate, scope);
  if (isArray(e)) return e.elements.map((element) => (element === null ? null : evaluate(element, scope)));
  if (!isBinary(e)) throw new Refused('it holds what is no part of a condition');
  const { operator } = e;
  if (operator === 'or' || operator === '||')
    return truth(evaluate(e.left, scope), operator) || truth(evaluate(e.right, scope), operator);
  if (operator === 'and' || operator === '&&')
    return truth(evaluate(e.left, scope), operator) && truth(evaluate(e.right, scope), operator);
  const result = applyOperator(operator, evaluate(e.left, scope), evaluate(e.right, scope));
  if (result.problem !== undefined) throw new Refused(result.problem);
  return result.value;
}

function evaluateMember(e: jsep.MemberExpression, scope: Scope): unknown {
  const object = evaluate(e.object, scope);
  const key = e.computed ? evaluate(e.property, scope) : isIdentifier(e.property) ? e.property.name : '';
  if (object === null || object === undefined) {
    if (e.optional === true) return null;
    throw new Refused(`there is no ${String(key)} in nil`);
  }
  if (typeof key !== 'string' && typeof key !== 'number') throw new Refused(`${kindOf(key)} is no name of a field`);
  return member(object, key);
}

function evaluateCall(e: jsep.CallExpression, scope: Scope): unknown {
  const name = isIdentifier(e.callee) ? e.callee.name : '';
  const [argument] = e.arguments;
  if (name !== 'len') return Object.hasOwn(scope.functions, name) ? (scope.functions[name]?.() ?? null) : null;
  const length = lengthOf(argument === undefined ? null : evaluate(argument, scope));
  if (length === undefined) throw new Refused('len takes a text, a list or an object');
  return length;
}

function evaluateUnary(operator: string, value: unknown): unknown {
  if (operator === 'not' || operator === '!') return !truth(value, operator);
  if (typeof value !== 'number') throw new Refused(`${operator} takes a number, got ${kindOf(value)}`);
  return operator === '-' ? -value : value;
}

function truth(value: unknown, operator: string): boolean {
  if (typeof value === 'boolean') return value;
  throw new Refused(`${operator} takes true or false, got ${kindOf(value)}`);
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'nil';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'string' ? 'a text' : typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
