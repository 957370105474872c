/** What a report shows: plain data, as the folder of a run has them. What a run lacks is left out. */
import type { Spread } from '../spread.ts';

/** The candidates of a search, as rows and columns of its architecture weights. */
export interface Candidates {
  /** What the kinds of cell are called, e.g. `Normal cell`. */
  readonly kinds: readonly string[];
  /** The edges of a cell: from a state to a node, by their names. */
  readonly edges: readonly { readonly from: string; readonly to: string }[];
  /** Those of all edges; an edge may have fewer. */
  readonly operations: readonly string[];
}

/** A candidate that the derived genotype has. */
export interface Choice {
  readonly kind: number;
  readonly edge: number;
  readonly operation: number;
}

export interface SearchEpoch {
  /** From 0. */
  readonly epoch: number;
  readonly seconds: number;
  readonly loss?: number;
  /** In [0, 1], as all accuracies. */
  readonly accuracy?: number;
  readonly validationLoss?: number;
  readonly validationAccuracy?: number;
  /** How strong each candidate is, in [0, 1]: [kinds, edges, operations], flat; null where an edge has no such one. */
  readonly strengths?: readonly (number | null)[];
  /** How strong each edge is among those of its node, in [0, 1]: [kinds, edges], flat. */
  readonly edgeStrengths?: readonly number[];
  readonly chosen?: readonly Choice[];
  /** Skip connections of the derived normal cell. */
  readonly skips?: number;
  /** The dominant eigenvalue of the Hessian of the validation loss with respect to α. */
  readonly eigenvalue?: number;
  /** The expected cost of the network, in `costUnit`. */
  readonly cost?: number;
}

/** A choice of the projection: what an edge or a node keeps, and how accurate the supernet is without each candidate. */
export interface DecisionReport {
  readonly epoch: number;
  /** E.g. `Normal cell, k−2 → 0`. */
  readonly place: string;
  readonly kept: readonly string[];
  readonly accuracyWithout: readonly (readonly [candidate: string, accuracy: number])[];
}

export interface SearchReport {
  readonly seed: number;
  /** In its folder. */
  readonly run: string;
  readonly candidates?: Candidates;
  readonly epochs: readonly SearchEpoch[];
  /** What the budget of the search counts. */
  readonly costUnit?: string;
  /** In their order; none where the genotype is read off the strengths. */
  readonly decisions: readonly DecisionReport[];
  /** The epochs that it was meant to have. */
  readonly planned: number;
  /** In the text form; that of the last epoch where the search has not finished. */
  readonly genotype?: string;
  readonly finished: boolean;
  /** Why the search cannot go on. */
  readonly diverged?: string;
  /** Why the search ended before its last epoch. */
  readonly stopped?: string;
}

export interface RetrainEpoch {
  readonly epoch: number;
  readonly seconds: number;
  readonly loss?: number;
  readonly accuracy?: number;
  readonly testAccuracy?: number;
}

export interface RetrainReport {
  readonly genotype: string;
  readonly epochs: readonly RetrainEpoch[];
  readonly planned: number;
}

/** A genotype that was retrained for a short while, to be compared with others. */
export interface CandidateReport {
  /** The seeds of the searches that found it. */
  readonly seeds: readonly number[];
  readonly genotype: string;
  /** On the images held out, by seed of the retraining. */
  readonly accuracies: readonly number[];
  readonly selected: boolean;
}

/** A run as a row of the comparison. */
export interface RunSummary {
  readonly run: string;
  /** What the row is of: a search, several of them, the genotype selected from several, or a retraining alone. */
  readonly kind: 'search' | 'sweep' | 'selected' | 'retrain';
  readonly method: string | null;
  readonly space: string | null;
  readonly seeds: readonly number[];
  /** Of the supernet, after the last epoch and the best; in [0, 1]. */
  readonly validationAccuracy: Extremes | null;
  /** Of the retrained network, on the test images. */
  readonly testAccuracy: Extremes | null;
  /** Of the retrained network, without the auxiliary head. */
  readonly parameters: Spread | null;
  readonly macs: Spread | null;
  /** Milliseconds of the network in onnxruntime, batch 1. */
  readonly latency: Spread | null;
  readonly searchSeconds: Spread | null;
  readonly retrainSeconds: Spread | null;
  /** Why something is missing, or of what it is, by the name of the field. */
  readonly remarks: Readonly<Partial<Record<MeasureName, string>>>;
}

export interface Extremes {
  readonly last: Spread;
  readonly best: Spread;
}

export type MeasureName =
  | 'validationAccuracy'
  | 'testAccuracy'
  | 'parameters'
  | 'macs'
  | 'latency'
  | 'searchSeconds'
  | 'retrainSeconds';

export interface Report {
  /** The folder of the run. */
  readonly run: string;
  readonly version: string;
  /** What there is to know at a glance, e.g. ['method', 'darts']. */
  readonly facts: readonly (readonly [term: string, value: string])[];
  /** One, or those of a sweep; none for a retraining alone. */
  readonly searches: readonly SearchReport[];
  readonly selection?: readonly CandidateReport[];
  /** The genotype that the run ends with. */
  readonly genotype?: string;
  readonly retrain?: RetrainReport;
  /** Options by the stage that has them. */
  readonly options: readonly {
    readonly title: string;
    readonly values: Readonly<Record<string, unknown>>;
    /** Names of those that are not the defaults. */
    readonly changed: readonly string[];
  }[];
  readonly summary: readonly RunSummary[];
}
