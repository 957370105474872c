/**
 * Seeded random numbers. Nothing in a result's path reads the clock or `Math.random`.
 *
 * A generator is derived from a seed and a path of keys, e.g. `random(seed, 'order', epoch)`. Each purpose
 * and each epoch has its own generator, so no generator state needs to be saved to continue a run bit-exactly.
 */
export interface Random {
  /** A float in [0, 1) with 32 random bits. */
  uniform(): number;
  /** An integer in [0, bound). */
  integer(bound: number): number;
  /** A sample of N(0, 1). */
  normal(): number;
  /** The integers 0 … count − 1 in random order (Fisher–Yates). */
  permutation(count: number): Int32Array;
}

/**
 * The generator of a seed and a path of keys: sfc32 (Chris Doty-Humphrey's PractRand generator), its state
 * filled by a 32-bit FNV-1a hash with murmur3's finaliser.
 */
export function random(seed: number, ...path: readonly (string | number)[]): Random {
  const text = [seed, ...path].join('/');
  let [a, b, c, counter] = [hash(text, 1), hash(text, 2), hash(text, 3), 1];
  const next = (): number => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  for (let i = 0; i < 12; i++) next();

  const uniform = (): number => next() / 2 ** 32;
  const integer = (bound: number): number => Math.floor(uniform() * bound);
  let spare: number | undefined;
  const normal = (): number => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    // Box–Muller; 1 − u keeps the logarithm's argument above zero.
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    const angle = 2 * Math.PI * uniform();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
  const permutation = (count: number): Int32Array => {
    const order = Int32Array.from({ length: count }, (_, i) => i);
    for (let i = count - 1; i > 0; i--) {
      const j = integer(i + 1);
      [order[i], order[j]] = [order[j] as number, order[i] as number];
    }
    return order;
  };
  return { uniform, integer, normal, permutation };
}

function hash(text: string, salt: number): number {
  let h = 0x811c9dc5 ^ salt;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
