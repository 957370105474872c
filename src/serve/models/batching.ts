/** Whether a model's requests may run together: what its signature and its configuration say, and a trial. */

import { InputError, messageOf } from '../../errors.ts';
import { mergeRows, splitRows } from '../batching/rows.ts';
import { usualBatchSize } from '../defaults.ts';
import type { NamedTensors, Tensor, TensorSignature } from '../tensor.ts';
import type { Pool } from '../workers/pool.ts';

export interface Batching {
  /** The most rows of a batch; 0: there is no batch dimension. */
  readonly maxRows: number;
  /** The rows that every batch has to have; 0: any number. */
  readonly padTo: number;
  /** Whether that is a guess, to be confirmed by a trial (see {@link rowsAreIndependent}). */
  readonly guessed: boolean;
}

const none: Batching = { maxRows: 0, padTo: 0, guessed: false };

/** A model's inputs and outputs. */
export interface Signature {
  readonly inputs: readonly TensorSignature[];
  readonly outputs: readonly TensorSignature[];
}

/**
 * How a model's requests are batched.
 *
 * With an open first dimension of the same name in all inputs and outputs (without a name: with one input), it is
 * taken for the batch: a guess. Where `configured` is given, nothing is guessed, and a fixed first dimension of
 * that size is a batch, too, which is filled up with zeros.
 *
 * @param configured `max_batch_size`, if it is given
 * @param usual the size of guessed batches; 0: nothing is guessed
 * @throws InputError where the model cannot be batched as configured
 */
export function batchingOf(
  { inputs, outputs }: Signature,
  configured: number | undefined,
  usual = usualBatchSize,
): Batching {
  if (configured === 0) return none;
  const firsts = [...inputs, ...outputs].map(({ shape }) => shape[0]);
  const [first] = firsts;
  const open = firsts.every((size) => typeof size === 'string');
  if (configured === undefined) {
    const named = firsts.every((size) => size === first && isName(size));
    const guess = usual > 0 && open && inputs.length > 0 && (named || inputs.length === 1);
    return guess ? { maxRows: usual, padTo: 0, guessed: true } : none;
  }
  if (open) return { maxRows: configured, padTo: 0, guessed: false };
  if (firsts.every((size) => size === configured)) {
    return { maxRows: configured, padTo: configured, guessed: false };
  }
  const shapes = [...inputs, ...outputs].map(({ name, shape }) => `${name} [${shape.join(', ')}]`).join(', ');
  throw new InputError(
    `max_batch_size ${configured}: expected first dimensions that are open, or ${configured}, in all inputs and ` +
      `outputs; the model has ${shapes}`,
  );
}

const isName = (size: unknown): boolean => typeof size === 'string' && size !== '' && size !== '?';

/**
 * Operators that scale by the largest and the least element of their whole operand. Two rows may well be alike in these, so that
 * no trial finds that other rows change an answer.
 */
const scalingByAll: readonly string[] = [
  'DynamicQuantizeLinear',
  'DynamicQuantizeMatMul',
  'DynamicQuantizeLSTM',
];

/** Why a model's operators say that no row is independent; undefined where they do not. */
export function joinsRows(operators: ReadonlySet<string>): string | undefined {
  const found = scalingByAll.find((name) => operators.has(name));
  return found && `its ${found} scales each row by all that run together`;
}

/** How much a result may depend on the size of the batch: onnxruntime has other kernels for other sizes. */
const tolerance = 1e-3;

/**
 * Tries whether a model gives two rows the same results together as one by one. A model that normalises over its
 * first dimension, sorts along it or draws random numbers does not.
 *
 * @param rows two different rows, whose buffers are left alone
 * @returns why they may not run together; undefined where they may
 */
export async function rowsAreIndependent(
  pool: Pick<Pool, 'run' | 'outputs'>,
  rows: readonly [NamedTensors, NamedTensors],
): Promise<string | undefined> {
  const names = pool.outputs.map(({ name }) => name);
  try {
    const apart = [];
    for (const row of rows) apart.push((await pool.run(mergeRows([row]), names)).outputs);
    const together = splitRows((await pool.run(mergeRows(rows), names)).outputs, [1, 1], 2);
    for (const name of names) {
      const same = apart.every((results, i) => alike(results.get(name), together[i]?.get(name)));
      if (!same) return `its output ${name} differs when requests run together`;
    }
    return undefined;
  } catch (error) {
    return `a trial failed: ${messageOf(error)}`;
  }
}

function alike(a: Tensor | undefined, b: Tensor | undefined): boolean {
  if (a?.shape.join() !== b?.shape.join()) return false;
  return Array.from<unknown>(a?.data ?? []).every((x, i) => {
    const y = b?.data[i];
    if (typeof x !== 'number' || typeof y !== 'number' || Object.is(x, y)) return x === y || Object.is(x, y);
    return a?.dtype.startsWith('float') ? Math.abs(x - y) <= tolerance * Math.max(1, Math.abs(x)) : x === y;
  });
}
