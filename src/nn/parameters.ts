/**
 * Parameters live in one flat vector θ. A table maps each one's name to its shape and its place in θ, so that
 * optimizers, gradient clipping, finite differences and checkpoints work on one array.
 */
import type { Tensor } from '@tensorflow/tfjs';
import type { Random } from '../random.ts';
import { tf } from '../tfjs.ts';

/** Fills a parameter's part of θ. */
export type Initializer = (target: Float32Array, shape: readonly number[], random: Random) => void;

export interface Parameter {
  readonly name: string;
  readonly shape: readonly number[];
  readonly size: number;
  /** The first element's index in θ. */
  readonly offset: number;
  readonly initializer: Initializer;
}

/** Parameters in the order in which they were declared. */
export class ParameterTable {
  readonly parameters: Parameter[] = [];
  private readonly names = new Set<string>();

  /** The number of elements of θ. */
  get size(): number {
    const last = this.parameters.at(-1);
    return last ? last.offset + last.size : 0;
  }

  declare(name: string, shape: readonly number[], initializer: Initializer): Parameter {
    if (this.names.has(name)) throw new Error(`the parameter ${name} is declared twice`);
    this.names.add(name);
    const size = shape.reduce((a, b) => a * b, 1);
    const parameter = { name, shape, size, offset: this.size, initializer };
    this.parameters.push(parameter);
    return parameter;
  }

  /** A new θ. */
  initialize(random: Random): Float32Array {
    const theta = new Float32Array(this.size);
    for (const { offset, size, shape, initializer } of this.parameters) {
      initializer(theta.subarray(offset, offset + size), shape, random);
    }
    return theta;
  }

  /** The pieces of a θ tensor [size], each in its shape, in the order of the table. */
  split(theta: Tensor): Tensor[] {
    if (this.parameters.length === 0) return [];
    const sizes = this.parameters.map(({ size }) => size);
    // tfjs has no gradient for a split into one piece.
    const pieces = sizes.length === 1 ? [theta] : tf.split(theta, sizes);
    return pieces.map((piece, i) => piece.reshape([...this.at(i).shape]));
  }

  /** The inverse of `split`. */
  join(pieces: readonly Tensor[]): Tensor {
    return tf.concat(pieces.map((piece) => piece.flatten()));
  }

  /** Looks parameters up among the pieces of `split`. */
  lookup(pieces: readonly Tensor[]): (parameter: Parameter) => Tensor {
    const byName = new Map(this.parameters.map(({ name }, i) => [name, pieces[i]]));
    return ({ name }) => {
      const piece = byName.get(name);
      if (!piece) throw new Error(`the parameter ${name} is not in this table`);
      return piece;
    };
  }

  private at(index: number): Parameter {
    return this.parameters[index] as Parameter;
  }
}

/** Looks parameters up in θ, each a tensor of its own: where it is traced, a constant. */
export const constantsOf =
  (theta: Float32Array) =>
  ({ offset, size, shape }: Parameter): Tensor =>
    tf.tensor(theta.slice(offset, offset + size), [...shape]);

const uniform =
  (bound: (shape: readonly number[]) => number): Initializer =>
  (target, shape, random) => {
    const limit = bound(shape);
    for (let i = 0; i < target.length; i++) target[i] = (random.uniform() * 2 - 1) * limit;
  };

/** All but the last dimension: kernel height, width and input channels; inputs of a matrix. */
const fanIn = (shape: readonly number[]): number => shape.slice(0, -1).reduce((a, b) => a * b, 1);

/** PyTorch's default for convolutions and linear layers: U(−1/√fan_in, 1/√fan_in), i.e. Kaiming with a = √5. */
export const kaimingUniform: Initializer = uniform((shape) => 1 / Math.sqrt(fanIn(shape)));

/** The same for a depthwise filter [k, k, C, 1], whose output channels see k² inputs. */
export const kaimingUniformDepthwise: Initializer = uniform(([kh = 1, kw = 1]) => 1 / Math.sqrt(kh * kw));

/** The bias of a linear layer with this many inputs. */
export const biasUniform = (inputs: number): Initializer => uniform(() => 1 / Math.sqrt(inputs));

export const zeros: Initializer = (target) => target.fill(0);
export const ones: Initializer = (target) => target.fill(1);
