/** The Gamma distribution's functions, against numbers computed in other ways. */
import { describe, expect, it } from 'vitest';
import { random } from '../../src/random.ts';
import { digamma, logGammaSlope, sampleLogGamma, trigamma } from '../../src/search/gamma.ts';

const euler = 0.5772156649015329;

describe('digamma and trigamma', () => {
  it.each([
    [1, -euler, Math.PI ** 2 / 6],
    [2, 1 - euler, Math.PI ** 2 / 6 - 1],
    [0.5, -euler - 2 * Math.log(2), Math.PI ** 2 / 2],
    [0.25, -euler - Math.PI / 2 - 3 * Math.log(2), Math.PI ** 2 + 8 * 0.915965594177219],
  ])('at %d', (x, psi, slope) => {
    expect(digamma(x)).toBeCloseTo(psi, 13);
    expect(trigamma(x)).toBeCloseTo(slope, 12);
  });

  it('follow the recurrence and are each other’s derivative', () => {
    for (const x of [1e-3, 0.1, 0.7, 1.3, 4, 9.99, 25, 300]) {
      expect(digamma(x + 1) / (digamma(x) + 1 / x)).toBeCloseTo(1, 12);
      const h = 1e-4 * x;
      const slope = (digamma(x + h) - digamma(x - h)) / (2 * h);
      expect(slope / trigamma(x)).toBeCloseTo(1, 6);
    }
  });
});

/**
 * F(g; a) = g^a·e^(−g)·Σ gⁿ/Γ(a+n+1), all terms positive; and, towards the upper tail, 1 − F by the continued fraction of
 * Legendre: both to full precision, so that quantiles can be differentiated.
 */
function logDistribution(a: number, logG: number): { readonly below: number; readonly above: number } {
  const g = Math.exp(logG);
  const common = a * logG - g - logGamma(a);
  if (g < a + 1) {
    let [term, sum] = [1 / a, 0];
    for (let n = 1; term > 1e-18 * sum; n++) {
      sum += term;
      term *= g / (a + n);
    }
    const below = common + Math.log(sum);
    return { below, above: Math.log1p(-Math.exp(below)) };
  }
  // Backwards through the fraction.
  let fraction = 0;
  for (let n = 400; n >= 1; n--) fraction = (n * (n - a)) / (g + 2 * n + 1 - a - fraction);
  const above = common - Math.log(g + 1 - a - fraction);
  return { below: Math.log1p(-Math.exp(above)), above };
}

/** ln Γ by Stirling's series, shifted. */
function logGamma(x: number): number {
  let [shifted, sum] = [x, 0];
  for (; shifted < 15; shifted++) sum -= Math.log(shifted);
  const s = 1 / (shifted * shifted);
  const series = (1 / 12 - s * (1 / 360 - s * (1 / 1260 - s / 1680))) / shifted;
  return sum + (shifted - 0.5) * Math.log(shifted) - shifted + Math.log(2 * Math.PI) / 2 + series;
}

/** ln g at which the distribution with a has the value that it has at `logG` with `from`, by bisection. */
function sameQuantile(from: number, logG: number, a: number): number {
  const target = logDistribution(from, logG);
  // The smaller of the two tails says the place exactly.
  const lower = target.below < target.above;
  let [low, high] = [logG - 2, logG + 2];
  for (let i = 0; i < 200; i++) {
    const middle = (low + high) / 2;
    const here = logDistribution(a, middle);
    const isBelow = lower ? here.below < target.below : here.above > target.above;
    [low, high] = isBelow ? [middle, high] : [low, middle];
  }
  return (low + high) / 2;
}

describe('logGammaSlope', () => {
  it.each([0.02, 0.1, 0.5, 0.999, 1, 1.7, 3, 8, 20])(
    'is the derivative of the quantile at concentration %d, from tail to tail',
    (a) => {
      const deviation = Math.sqrt(a);
      const places = [1e-12, 1e-4, 0.05, 0.5, 0.9].map((part) => Math.log(part * a));
      const upper = [0, 1, 2, 3, 5, 8, 12].map((k) => Math.log(a + k * Math.max(deviation, 1)));
      for (const logG of [...places, ...upper]) {
        const h = 1e-4 * a;
        const slope = (sameQuantile(a, logG, a + h) - sameQuantile(a, logG, a - h)) / (2 * h);
        expect(logGammaSlope(a, logG) / slope, `ln g = ${logG}`).toBeCloseTo(1, 5);
      }
    },
  );

  it('goes over from the series to the integral without a step', () => {
    for (const a of [0.01, 0.3, 1, 2.5, 10]) {
      const [below, above] = [a + 2 - 1e-9, a + 2 + 1e-9].map((g) => logGammaSlope(a, Math.log(g)));
      expect((above as number) / (below as number)).toBeCloseTo(1, 7);
    }
  });

  it('is that of u^(1/a) where hardly anything else is left', () => {
    const [a, logG] = [1e-5, -4e4];
    expect(logGammaSlope(a, logG) / (-logG / a)).toBeCloseTo(1, 3);
    expect(Number.isFinite(logGammaSlope(1e-10, -1e11))).toBe(true);
  });

  it('has the mean that the mean’s derivative has: E[dg/da] = 1', () => {
    const numbers = random(3, 'slope');
    for (const a of [0.4, 1, 2.5]) {
      const count = 20_000;
      let sum = 0;
      for (let i = 0; i < count; i++) {
        const logG = sampleLogGamma(a, numbers);
        sum += Math.exp(logG) * logGammaSlope(a, logG);
      }
      expect(sum / count).toBeCloseTo(1, 1);
    }
  });
});

describe('sampleLogGamma', () => {
  it.each([0.05, 0.3, 1, 1.5, 4, 30])('has the moments of Gamma(%d, 1)', (a) => {
    const numbers = random(7, 'gamma', String(a));
    const count = 40_000;
    const logs = Float64Array.from({ length: count }, () => sampleLogGamma(a, numbers));
    const meanOf = (f: (x: number) => number): number => logs.reduce((sum, x) => sum + f(x), 0) / count;
    const within = (actual: number, expected: number, deviation: number): void => {
      expect(Math.abs(actual - expected)).toBeLessThan((5 * deviation) / Math.sqrt(count));
    };
    const mean = meanOf(Math.exp);
    within(mean, a, Math.sqrt(a));
    // The fourth central moment is 3a² + 6a.
    within(
      meanOf((x) => (Math.exp(x) - a) ** 2),
      a,
      Math.sqrt(2 * a * a + 6 * a),
    );
    // And of the logarithm, which tells about the lower tail: ψ(a), ψ′(a).
    within(
      meanOf((x) => x),
      digamma(a),
      Math.sqrt(trigamma(a)),
    );
  });
});
