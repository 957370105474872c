/**
 * The dialect: one row for every ONNX operator that this project writes, in the form of opset 17.
 *
 * In that form ReduceMean, Max, Min and Prod take `axes` as an attribute, while ReduceSum, Split, Pad and Slice take
 * theirs, or what else says how, as inputs. Standard operators are named plainly, those of other domains in full.
 */

import type { Attributes, Node, TensorType } from './ir.ts';
import { blocked } from './operators/blocked.ts';
import { control } from './operators/control.ts';
import { elementwise } from './operators/elementwise.ts';
import { imageOperators } from './operators/images.ts';
import { indexing } from './operators/indexing.ts';
import { layout } from './operators/layout.ts';
import { matrices } from './operators/matrices.ts';
import { attributeKind, type Inputs, type Operator } from './operators/operator.ts';
import { reductions } from './operators/reductions.ts';

export { formatType, type Inputs, type Operator } from './operators/operator.ts';

/** The version of the standard domain that the table speaks; a file may declare a lower one (`requiredOpset`). */
export const dialectOpset = 17;

const rows = {
  ...elementwise,
  ...reductions,
  ...matrices,
  ...imageOperators,
  ...layout,
  ...indexing,
  ...blocked,
  ...control,
};

/** A key of the table: `Conv`, or `com.microsoft.nchwc.Conv` outside the standard domain. */
export type OperatorName = keyof typeof rows;

export const operators: Readonly<Record<OperatorName, Operator>> = rows;

export const isOperatorName = (name: string): name is OperatorName => Object.hasOwn(rows, name);

/** The table's key for a node: its operator, with the domain in front where it is not the standard one. */
export const qualifiedName = ({ op, domain }: Pick<Node, 'op' | 'domain'>): string =>
  domain === '' ? op : `${domain}.${op}`;

const split = new Map(
  Object.keys(rows).map((name) => {
    const dot = name.lastIndexOf('.');
    return [name, { op: name.slice(dot + 1), domain: name.slice(0, Math.max(dot, 0)) }];
  }),
);

/** The operator and the domain of a key of the table. */
export const splitName = (name: OperatorName): Pick<Node, 'op' | 'domain'> =>
  split.get(name) as Pick<Node, 'op' | 'domain'>;

const checkArity = ({ inputs: [minimum, maximum] }: Operator, inputs: Inputs): void => {
  if (inputs.length >= minimum && inputs.length <= maximum) return;
  const expected = minimum === maximum ? `${minimum}` : `${minimum} to ${maximum}`;
  throw new Error(`${inputs.length} inputs are given, ${expected} expected`);
};

const checkAttributes = (operator: Operator, attributes: Attributes): void => {
  for (const [name, attribute] of Object.entries(attributes)) {
    const expected = operator.attributes[name];
    if (expected === undefined) throw new Error(`the attribute ${name} is not known`);
    const kind = attributeKind(attribute);
    if (kind !== expected) throw new Error(`the attribute ${name} is of kind ${kind}, expected ${expected}`);
  }
};

/**
 * The types of the outputs of a node with the given number of outputs. Throws an Error where the number of
 * inputs or outputs, the attributes, the dtypes or the shapes do not fit.
 */
export function inferTypes(
  name: OperatorName,
  inputs: Inputs,
  attributes: Attributes,
  outputs: number,
): readonly TensorType[] {
  const operator = operators[name];
  checkArity(operator, inputs);
  checkAttributes(operator, attributes);
  const types = operator.infer(inputs, attributes);
  if (outputs !== types.length) {
    throw new Error(`${outputs} outputs are asked for, there are ${types.length}`);
  }
  return types;
}
