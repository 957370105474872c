/** What one row of the operator table says, and the words that the rows are written in. */

import type { Attribute, Attributes, DataType, TensorType, Value } from '../ir.ts';
import { knownShape } from '../shapes.ts';

/** Inputs of a node; `null` stands for an omitted optional one. */
export type Inputs = readonly (Value | null)[];

export type AttributeKind = 'int' | 'float' | 'string' | 'ints' | 'floats' | 'graph';

export interface Operator {
  /**
   * The first version of the operator's domain in which the form that we emit is valid; it means the same in
   * every version from there to the dialect's (17 for ONNX, 1 for onnxruntime's domains).
   */
  readonly since: number;
  /** The least and the greatest number of inputs. */
  readonly inputs: readonly [minimum: number, maximum: number];
  /** Every attribute that the dialect knows, and its kind. */
  readonly attributes: Readonly<Record<string, AttributeKind>>;
  /**
   * The types of all outputs. Input shapes are known numbers; inputs that carry a shape are constants.
   * Throws an Error that says which dtypes or shapes do not fit.
   */
  readonly infer: (inputs: Inputs, attributes: Attributes) => readonly TensorType[];
}

/** A type all of whose dimensions are known. */
export interface KnownType {
  readonly dtype: DataType;
  readonly shape: readonly number[];
}

/** `float32[2,3]` */
export const formatType = (type: TensorType): string => `${type.dtype}[${type.shape.join(',')}]`;

/** The type of an optional input, undefined where it is omitted. */
export function optionalInput(inputs: Inputs, index: number): KnownType | undefined {
  const value = inputs[index];
  return value ? { dtype: value.type.dtype, shape: knownShape(value.type.shape) } : undefined;
}

/** The type of a required input. */
export function input(inputs: Inputs, index: number): KnownType {
  const type = optionalInput(inputs, index);
  if (!type) throw new Error(`input ${index} is missing`);
  return type;
}

/** The types of all inputs of an operator that takes any number of them. */
export const everyInput = (inputs: Inputs): KnownType[] => inputs.map((_, index) => input(inputs, index));

/** The elements of an optional input that must be a constant, as numbers; undefined where it is omitted. */
export function optionalNumbers(inputs: Inputs, index: number): readonly number[] | undefined {
  const value = inputs[index];
  if (!value) return undefined;
  if (value.source.kind !== 'constant') throw new Error(`input ${index} must be a constant`);
  return Array.from(value.source.data, Number);
}

/** The elements of an optional input that must be an int64 constant: a shape, axes, sizes. */
export function optionalInts(inputs: Inputs, index: number): readonly number[] | undefined {
  const value = inputs[index];
  if (value && value.type.dtype !== 'int64') {
    throw new Error(`input ${index} must be int64, not ${value.type.dtype}`);
  }
  return optionalNumbers(inputs, index);
}

/** The elements of a required int64 constant. */
export function ints(inputs: Inputs, index: number): readonly number[] {
  const values = optionalInts(inputs, index);
  if (!values) throw new Error(`input ${index} is missing`);
  return values;
}

const attributeError = (name: string, kind: AttributeKind, attribute: Attribute | undefined): Error =>
  new Error(
    attribute === undefined
      ? `the attribute ${name} is missing`
      : `the attribute ${name} must be of kind ${kind}, not ${JSON.stringify(attribute)}`,
  );

/** The value of an INT attribute; without a fallback it is required. */
export function intAttribute(attributes: Attributes, name: string, fallback?: number): number {
  const attribute = attributes[name] ?? fallback;
  if (typeof attribute !== 'number') throw attributeError(name, 'int', attribute);
  return attribute;
}

/** The value of an INTS attribute; without a fallback it is required. */
export function intsAttribute(
  attributes: Attributes,
  name: string,
  fallback?: readonly number[],
): readonly number[] {
  const attribute = attributes[name] ?? fallback;
  if (!isInts(attribute)) throw attributeError(name, 'ints', attribute);
  return attribute;
}

/** The value of a STRING attribute; without a fallback it is required. */
export function stringAttribute(attributes: Attributes, name: string, fallback?: string): string {
  const attribute = attributes[name] ?? fallback;
  if (typeof attribute !== 'string') throw attributeError(name, 'string', attribute);
  return attribute;
}

const isInts = (attribute: Attribute | undefined): attribute is readonly number[] => Array.isArray(attribute);

/** The kind of an attribute, as ONNX names it (`AttributeProto.AttributeType`). */
export function attributeKind(attribute: Attribute): AttributeKind {
  if (typeof attribute === 'number') return 'int';
  if (typeof attribute === 'string') return 'string';
  if (isInts(attribute)) return 'ints';
  if ('float' in attribute) return 'float';
  return 'floats' in attribute ? 'floats' : 'graph';
}
