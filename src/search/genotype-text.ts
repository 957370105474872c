/** Reads the text form of genotypes, flat or nested by node, without evaluating it. */
import { InputError } from '../errors.ts';
import { isChainText, parseChain } from './chain-text.ts';
import { checkedCell, type Genotype, type RawCell } from './genotype.ts';
import { checkedReductions } from './skeleton-names.ts';
import { unexpected } from './unexpected-text.ts';

type Literal = string | number | readonly Literal[];

/** Tokens: names, numbers, quoted strings and punctuation; anything else is an error. */
const token = /\s*(?:([A-Za-z_]\w*)|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|'([^'\n]*)'|"([^"\n]*)"|([()[\],=]))/y;

const form =
  "a genotype reads Genotype(normal=[('sep_conv_3x3', 1), …], normal_concat=[2, 3, 4, 5], reduce=[…], reduce_concat=[…])";

/** A reader of Python literals: lists, tuples, strings, integers and range(a, b). */
class Reader {
  private position = 0;
  private readonly text: string;
  private readonly where: string;

  constructor(text: string, where: string) {
    this.text = text;
    this.where = where;
  }

  fail(expected: string): never {
    throw unexpected(this.text, this.position, expected, { where: this.where, form });
  }

  private match(): RegExpExecArray | undefined {
    token.lastIndex = this.position;
    return token.exec(this.text) ?? undefined;
  }

  /** The next token if it is this punctuation mark or name. */
  take(wanted: string): boolean {
    const found = this.match();
    if (!found || (found[1] ?? found[5]) !== wanted) return false;
    this.position = token.lastIndex;
    return true;
  }

  expect(wanted: string): void {
    if (!this.take(wanted)) this.fail(`"${wanted}"`);
  }

  name(): string {
    const found = this.match();
    if (!found?.[1]) return this.fail('a name');
    this.position = token.lastIndex;
    return found[1];
  }

  atEnd(): boolean {
    return this.text.slice(this.position).trim() === '';
  }

  literal(depth = 0): Literal {
    if (depth > 4) this.fail('at most four levels of nesting');
    for (const [open, close] of [
      ['[', ']'],
      ['(', ')'],
    ] as const) {
      if (this.take(open)) return this.items(close, depth);
    }
    if (this.take('range')) {
      this.expect('(');
      const bounds = this.items(')', depth);
      const [begin, end] = bounds.length === 1 ? [0, bounds[0]] : bounds;
      const areBounds = bounds.length <= 2 && typeof begin === 'number' && typeof end === 'number';
      if (!areBounds || end - begin > 64) return this.fail('range(a, b)');
      return Array.from({ length: Math.max(end - begin, 0) }, (_, i) => begin + i);
    }
    const found = this.match();
    const value = found?.[2] !== undefined ? Number(found[2]) : (found?.[3] ?? found?.[4]);
    if (value === undefined) this.fail('a list, a pair, a string or a number');
    this.position = token.lastIndex;
    return value;
  }

  private items(close: string, depth: number): Literal[] {
    const items: Literal[] = [];
    while (!this.take(close)) {
      items.push(this.literal(depth + 1));
      if (!this.take(',')) {
        this.expect(close);
        break;
      }
    }
    return items;
  }
}

const isPair = (x: Literal): x is readonly [string, number] =>
  Array.isArray(x) && x.length === 2 && typeof x[0] === 'string' && typeof x[1] === 'number';

const isNumbers = (x: Literal): x is readonly number[] =>
  Array.isArray(x) && x.every((item) => typeof item === 'number');

/** Pairs grouped by node: two a node where they are flat. */
function nodesFrom(value: Literal, where: string): RawCell['nodes'] {
  if (!Array.isArray(value)) throw new InputError(`${where}: expected a list of ('operation', input) pairs`);
  const items: readonly Literal[] = value;
  if (items.every(isPair)) {
    if (items.length % 2 !== 0) {
      throw new InputError(`${where}: expected two pairs a node, got ${items.length} pairs`);
    }
    return Array.from({ length: items.length / 2 }, (_, i) => items.slice(2 * i, 2 * i + 2));
  }
  return items.map((node) => {
    if (!Array.isArray(node) || !node.every(isPair)) {
      throw new InputError(`${where}: expected pairs ('operation', input), or lists of pairs, one a node`);
    }
    return node;
  });
}

/** All are needed but for the last. */
const fields = ['normal', 'normal_concat', 'reduce', 'reduce_concat', 'reductions'] as const;

/**
 * The genotype of a text `Genotype(normal=…, normal_concat=…, reduce=…, reduce_concat=…)`, or of NAS-Bench-201's form.
 *
 * @param where names the text in errors
 * @throws InputError with the position, what was expected and what was found
 */
export function parseGenotype(text: string, where = 'genotype'): Genotype {
  if (typeof text !== 'string') throw new InputError(`${where}: expected a text, got ${typeof text}`);
  if (isChainText(text)) return parseChain(text, where);
  const reader = new Reader(text, where);
  reader.expect('Genotype');
  reader.expect('(');
  const found = new Map<string, Literal>();
  while (!reader.take(')')) {
    const field = reader.name();
    if (!fields.some((known) => known === field) || found.has(field)) {
      reader.fail(`one each of ${fields.join(', ')}`);
    }
    reader.expect('=');
    found.set(field, reader.literal());
    if (!reader.take(',')) {
      reader.expect(')');
      break;
    }
  }
  if (!reader.atEnd()) reader.fail('the end of the text');

  const cell = (kind: 'normal' | 'reduce') => {
    const [pairs, concat] = [found.get(kind), found.get(`${kind}_concat`)];
    if (pairs === undefined || concat === undefined) {
      throw new InputError(`${where}: ${kind} and ${kind}_concat are both needed`);
    }
    if (!isNumbers(concat)) {
      throw new InputError(`${where}: ${kind}_concat must list states, e.g. [2, 3, 4, 5] or range(2, 6)`);
    }
    return checkedCell(kind, { nodes: nodesFrom(pairs, `${where}, ${kind}`), concat }, where);
  };
  const genotype = { normal: cell('normal'), reduce: cell('reduce') };
  const reductions = found.get('reductions');
  if (reductions === undefined) return genotype;
  if (!isNumbers(reductions)) {
    throw new InputError(`${where}: reductions must list numbers, e.g. [0.25, 0.5, 0.75]`);
  }
  return { ...genotype, reductions: checkedReductions(reductions, where) };
}
