/** Operators that run graphs: a condition and its branches. */

import { type Graph, holdsGraph } from '../ir.ts';
import { everyInput, formatType, type Inputs, input, type KnownType, type Operator } from './operator.ts';
import { ensure } from './shapes.ts';

const branch = (attributes: Parameters<Operator['infer']>[1], name: string): Graph => {
  const attribute = attributes[name];
  if (!holdsGraph(attribute)) throw new Error(`the ${name} is missing`);
  return attribute.graph;
};

/** A branch has an input for each value that the node reads besides its condition. */
function ensureCaptures(name: string, { inputs: own }: Graph, read: Inputs): void {
  const types = (values: Inputs): string =>
    values.map((value) => `${value?.type.dtype}[${value?.type.shape.join(',')}]`).join(', ');
  const [expected, found] = [types(read.slice(1)), types(own)];
  ensure(expected === found, () => `the ${name} has the inputs ${found}, expected ${expected}`);
}

export const control = {
  /**
   * Inputs: the condition, then what the branches read from outside. The types are those of the first branch; the
   * second may give other shapes.
   */
  If: {
    since: 13,
    inputs: [1, Number.POSITIVE_INFINITY],
    attributes: { then_branch: 'graph', else_branch: 'graph' },
    infer: (inputs, attributes) => {
      const { dtype, shape } = input(inputs, 0);
      ensure(dtype === 'bool' && shape.length === 0, () => 'the condition must be one bool');
      const [then, otherwise] = [branch(attributes, 'then_branch'), branch(attributes, 'else_branch')];
      ensureCaptures('then_branch', then, inputs);
      ensureCaptures('else_branch', otherwise, inputs);
      const dtypes = ({ outputs }: Graph): string => outputs.map(({ value }) => value.type.dtype).join(', ');
      ensure(
        dtypes(then) === dtypes(otherwise),
        () => `the branches give ${dtypes(then)} and ${dtypes(otherwise)}`,
      );
      return then.outputs.map(({ value }) => value.type);
    },
  },
  /**
   * The one of its inputs that has rows: all are of one type, but those of Ifs may be empty. A file says it as a Concat
   * along the first dimension.
   */
  'onnx-nas.Chosen': {
    since: 1,
    inputs: [1, Number.POSITIVE_INFINITY],
    attributes: {},
    infer: (inputs) => {
      const [first, ...rest] = everyInput(inputs) as [KnownType, ...KnownType[]];
      const text = formatType(first);
      ensure(
        rest.every((type) => formatType(type) === text),
        () => `the inputs are of different types: ${everyInput(inputs).map(formatType).join(', ')}`,
      );
      return [first];
    },
  },
} as const satisfies Record<string, Operator>;
