/** Named sizes: `'N'` is a size known only when the model runs, `'49*N'` a multiple of it. */

import type { Dimension, TensorType } from './ir.ts';

/** Sizes by symbol. */
export type Sizes = Readonly<Record<string, number>>;

/** A multiple of a symbol, as a dimension. */
export const symbolicDimension = (factor: number, symbol: string): string =>
  factor === 1 ? symbol : `${factor}*${symbol}`;

function parseDimension(dimension: string): { readonly factor: number; readonly symbol: string } {
  const [, factor, symbol] = /^(\d+)\*(.+)$/.exec(dimension) ?? [];
  return symbol === undefined ? { factor: 1, symbol: dimension } : { factor: Number(factor), symbol };
}

/** The symbols in some types, each once, in order of appearance. */
export const symbolsOf = (types: readonly TensorType[]): readonly string[] => [
  ...new Set(
    types
      .flatMap((type) => type.shape)
      .flatMap((dimension) => (typeof dimension === 'string' ? [parseDimension(dimension).symbol] : [])),
  ),
];

/** The dimension at the given sizes. Throws where a symbol has none. */
function sizeAt(dimension: Dimension, sizes: Sizes): number {
  if (typeof dimension === 'number') return dimension;
  const { factor, symbol } = parseDimension(dimension);
  const size = sizes[symbol];
  if (size === undefined) throw new Error(`the size of ${symbol} is not given`);
  return factor * size;
}

/** The type at the given sizes. */
export const typeAt = (type: TensorType, sizes: Sizes): TensorType => ({
  dtype: type.dtype,
  shape: type.shape.map((dimension) => sizeAt(dimension, sizes)),
});

/**
 * Two sizes for each symbol, such that every dimension that is a multiple of a symbol tells which one: no two
 * symbols' sizes have the same ratio, and networks rarely have multiples of 11 and 13 of their own.
 */
export const probeSizes = (symbols: readonly string[]): readonly [Sizes, Sizes] => [
  Object.fromEntries(symbols.map((symbol, index) => [symbol, 11 + 6 * index])),
  Object.fromEntries(symbols.map((symbol, index) => [symbol, 13 + 6 * index])),
];
