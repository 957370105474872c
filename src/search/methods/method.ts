/**
 * What search methods differ in: which parameters describe the architecture, how they weigh the candidates of an edge,
 * what a node computes of its edges, and how a genotype is read off them. Everything else (cells, steps, the loop) is shared.
 */
import type * as tf from '@tensorflow/tfjs';
import type { ParameterTable } from '../../nn/parameters.ts';
import type { Random } from '../../random.ts';
import type { TensorSpec, Tensors } from '../../signature.ts';
import type { LearningMethodName } from '../method-names.ts';
import type { MixingWeights, NodeMaker } from '../mixed-operation.ts';
import type { SearchSpace } from '../spaces.ts';
import type { Strengths } from '../strengths.ts';

/** The architecture's parameters by name, each in its shape: α, and what a method has besides. */
export type Architecture = Tensors;

/** The same as numbers, flat. */
export type ArchitectureValues = Readonly<Record<string, Float32Array>>;

/** When a step is taken, for what is drawn or scheduled. */
export interface Moment {
  /** From 0. */
  readonly epoch: number;
  readonly epochs: number;
  /** The architecture before the step. */
  readonly architecture: ArchitectureValues;
  /** Derived from the run's seed, the kind of step, the epoch and the step. */
  readonly random: Random;
}

/** Something that a step takes besides state and batch, made anew for each: noise, a temperature. */
export interface StepInput {
  readonly spec: TensorSpec;
  value(moment: Moment): Float32Array;
}

export type StepInputs = Readonly<Record<string, StepInput>>;

/** A term that is added to L_val where α is updated; it depends on the architecture alone. */
export interface Penalty {
  readonly inputs: StepInputs;
  value(architecture: Architecture, inputs: Tensors): tf.Scalar;
}

export interface Method {
  readonly name: LearningMethodName;
  /** Declares α [kinds, edges, operations] and whatever else is learned about the architecture. */
  declare(table: ParameterTable, space: SearchSpace): void;
  readonly inputs: (space: SearchSpace) => StepInputs;
  /** The weights of the candidates on every edge. */
  mix(architecture: Architecture, inputs: Tensors, space: SearchSpace): MixingWeights;
  /** What a node computes with them. */
  readonly node: NodeMaker;
  /** The same with the same parameters for any weights, where `node` is for samples. */
  readonly weightedNode?: NodeMaker;
  /** What the method itself adds to L_val. */
  readonly penalties: (space: SearchSpace) => readonly Penalty[];
  /** How strong each candidate is, up to a factor an edge; [kinds, edges, operations]. For terms on the architecture. */
  probabilities(architecture: Architecture): tf.Tensor;
  /** How strong each candidate is, for the genotype. */
  strengths(architecture: ArchitectureValues, space: SearchSpace): Strengths;
  /** The part of it that is the edge's among those into its node, by kind of cell, where the method has such weights. */
  edgeStrengths?(architecture: ArchitectureValues, space: SearchSpace): readonly (readonly number[])[];
}
