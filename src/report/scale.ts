/** Axes: round numbers to mark them with, and places on them. */

export interface Scale {
  readonly from: number;
  readonly to: number;
  readonly ticks: readonly number[];
  /** The share of the axis, from 0 at `from` to 1 at `to`. */
  place(value: number): number;
}

/** The largest of 1, 2 and 5 times a power of ten that gives at least `count` steps, or the next larger. */
function roundStep(range: number, count: number): number {
  const rough = range / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 5, 10].find((candidate) => candidate * power >= rough * 0.999) ?? 10;
  return factor * power;
}

/**
 * A scale that holds all values and begins and ends at a tick.
 *
 * @param about how many steps are wanted
 * @param most what no value is above: the scale ends there where they are all alike
 */
export function roundScale(values: readonly number[], about = 4, most = Number.POSITIVE_INFINITY): Scale {
  const finite = values.filter(Number.isFinite);
  const low = finite.length > 0 ? Math.min(...finite) : 0;
  const high = finite.length > 0 ? Math.max(...finite) : 1;
  // A constant has no range of its own, nor have numbers that differ in their last digits alone.
  const size = Math.max(Math.abs(low), Math.abs(high));
  const isFlat = high - low <= 1e-9 * size || size < 1e-100;
  const room = isFlat ? (size < 1e-100 ? 0.5 : 0.1 * size) : 0;
  const step = roundStep(high - low + 2 * room, about);
  const first = Math.floor((low - room) / step + 1e-9);
  const last = Math.ceil(Math.min(high + room, Math.max(high, most)) / step - 1e-9);
  const ticks = Array.from({ length: last - first + 1 }, (_, i) =>
    Number(((first + i) * step).toPrecision(12)),
  );
  const [from, to] = [ticks[0] ?? 0, ticks.at(-1) ?? 1];
  return { from, to, ticks, place: (value) => (value - from) / (to - from) };
}

/** A scale of epochs, from 1: whole numbers, the ends exact. */
export function epochScale(epochs: number, about = 6): Scale {
  const to = Math.max(epochs, 2);
  const step = Math.max(1, Math.round(roundStep(to - 1, about)));
  const between = Array.from({ length: Math.floor(to / step) }, (_, i) => (i + 1) * step);
  // A tick so near the last one that their numbers would touch gives way to it.
  const ticks = [1, ...between.filter((tick) => tick > 1 && to - tick > step / 2), to];
  return { from: 1, to, ticks: [...new Set(ticks)], place: (value) => (value - 1) / (to - 1) };
}
