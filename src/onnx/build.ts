/** Creates nodes with inferred types: what tracing and the tests write graphs with. */

import {
  type Attributes,
  constantValue,
  createNode,
  type TensorData,
  type TensorType,
  type Value,
} from './ir.ts';
import { smallConstantKey } from './keys.ts';
import { formatType, type Inputs, inferTypes, type OperatorName, splitName } from './operators.ts';

/** The end of a Slice that goes backwards to the first element: −1 would be the last one. */
export const beforeFirst = -(2 ** 31);

export interface Builder {
  /** One node with one output. `op` is the table's key. The output's type is inferred. */
  node(op: OperatorName, inputs: Inputs, attributes?: Attributes): Value;
  /** One node with several outputs: TopK, Split. */
  nodes(op: OperatorName, inputs: Inputs, attributes: Attributes, outputs: number): readonly Value[];
  /** A constant. Small ones are shared: asked for twice, they are one value. */
  constant(data: TensorData, type: TensorType): Value;
  /** An int64 vector. */
  ints(values: readonly number[]): Value;
  /** An int64 scalar. */
  int(value: number): Value;
  /** A float32 scalar. */
  float(value: number): Value;
}

const describeInputs = (inputs: Inputs): string =>
  inputs.map((value) => (value ? formatType(value.type) : 'nothing')).join(', ');

/**
 * A builder. `scope` is asked at each node where in the program it is recorded. Where types do not fit, an
 * Error names the operator, the types of its inputs and the scope.
 */
export function createBuilder(scope: () => string = () => ''): Builder {
  const shared = new Map<string, Value>();

  const nodes: Builder['nodes'] = (name, inputs, attributes, outputs) => {
    const place = scope();
    let types: readonly TensorType[];
    try {
      types = inferTypes(name, inputs, attributes, outputs);
    } catch (error) {
      const where = place === '' ? '' : ` at ${place}`;
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`${name}(${describeInputs(inputs)})${where}: ${reason}`, { cause: error });
    }
    const { op, domain } = splitName(name);
    return createNode({ op, domain, inputs, attributes, scope: place }, types).outputs;
  };

  const constant: Builder['constant'] = (data, type) => {
    const key = smallConstantKey(data, type);
    const known = key === undefined ? undefined : shared.get(key);
    if (known) return known;
    const value = constantValue(data, type);
    if (key !== undefined) shared.set(key, value);
    return value;
  };

  // Most constants are shapes and axes, asked for again and again.
  const vectors = new Map<string, Value>();
  const ints: Builder['ints'] = (values) => {
    const key = values.join();
    const known = vectors.get(key);
    if (known) return known;
    const value = constant(BigInt64Array.from(values, BigInt), { dtype: 'int64', shape: [values.length] });
    vectors.set(key, value);
    return value;
  };

  return {
    nodes,
    constant,
    ints,
    node: (name, inputs, attributes = {}) => {
      const [value] = nodes(name, inputs, attributes, 1);
      if (!value) throw new Error(`${name} has no output`);
      return value;
    },
    int: (value) => constant(BigInt64Array.of(BigInt(value)), { dtype: 'int64', shape: [] }),
    float: (value) => constant(Float32Array.of(value), { dtype: 'float32', shape: [] }),
  };
}
