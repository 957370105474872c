/**
 * The Gamma distribution as DrNAS needs it, on the host and in double precision: samples, their derivative with respect to
 * the concentration, and the functions of Γ that these are made of.
 *
 * Samples are logarithms: of a small concentration most samples are too small for a float.
 */
import type { Random } from '../random.ts';

/** ψ(x) = (ln Γ)′(x) for x > 0: the recurrence up to 10, then Stirling's series (error below 1e-14). */
export function digamma(x: number): number {
  let [shifted, sum] = [x, 0];
  for (; shifted < 10; shifted++) sum -= 1 / shifted;
  const s = 1 / (shifted * shifted);
  const series =
    s * (1 / 12 - s * (1 / 120 - s * (1 / 252 - s * (1 / 240 - s * (1 / 132 - s * (691 / 32760))))));
  return sum + Math.log(shifted) - 0.5 / shifted - series;
}

/** ψ′(x) for x > 0, likewise. */
export function trigamma(x: number): number {
  let [shifted, sum] = [x, 0];
  for (; shifted < 10; shifted++) sum += 1 / (shifted * shifted);
  const s = 1 / (shifted * shifted);
  const series = s * (1 / 6 - s * (1 / 30 - s * (1 / 42 - s * (1 / 30 - s * (5 / 66)))));
  return sum + 1 / shifted + s / 2 + series / shifted;
}

/** ln g, g ~ Gamma(a, 1): Marsaglia & Tsang 2000 for a ≥ 1; below, Gamma(a) = Gamma(a + 1)·u^(1/a). */
export function sampleLogGamma(a: number, random: Random): number {
  // 1 − u keeps the logarithm's argument above zero.
  if (a < 1) return sampleLogGamma(a + 1, random) + Math.log(1 - random.uniform()) / a;
  const d = a - 1 / 3;
  for (;;) {
    const z = random.normal();
    const v = (1 + z / Math.sqrt(9 * d)) ** 3;
    if (v > 0 && Math.log(1 - random.uniform()) < z * z * 0.5 + d * (1 - v + Math.log(v))) {
      return Math.log(d * v);
    }
  }
}

/**
 * d ln g/da of a sample g of Gamma(a, 1) whose place in the distribution is kept: implicit reparameterisation (Figurnov,
 * Mohamed & Mnih 2018, arXiv 1805.08498), dg/da = −(∂F(g; a)/∂a)/f(g; a), F being the distribution function, f its density.
 *
 * With ∂F/∂a taken term by term of F's series, where g is not far above a,
 *
 *     d ln g/da = −Σₙ gⁿ/(a(a+1)⋯(a+n))·(ln g − ψ(a+n+1));
 *
 * beyond, where its terms would cancel, of the integral of 1 − F,
 *
 *     d ln g/da = ∫ (ln g − ψ(a) + ln(1+t))·(1+t)^(a−1)·e^(−gt) dt over t > 0.
 */
export function logGammaSlope(a: number, logSample: number): number {
  const g = Math.exp(logSample);
  return g < a + 2 ? slopeBySeries(a, g, logSample) : slopeByIntegral(a, g, logSample);
}

function slopeBySeries(a: number, g: number, logSample: number): number {
  let [factor, psi, sum] = [1 / a, digamma(a + 1), 0];
  for (let n = 0; ; n++) {
    const term = factor * (logSample - psi);
    sum -= term;
    // The terms fall once n is above g.
    if (n > g && Math.abs(term) <= 1e-17 * Math.abs(sum)) return sum;
    factor *= g / (a + n + 1);
    psi += 1 / (a + n + 1);
  }
}

/** Simpson's rule in u = g·t, up to where e^(−u)·(1+u/g)^(a−1) is nothing. */
function slopeByIntegral(a: number, g: number, logSample: number): number {
  const [offset, end, steps] = [logSample - digamma(a), 40 + 4 * a, 2048];
  const integrand = (u: number): number => {
    const l = Math.log1p(u / g);
    return (offset + l) * Math.exp((a - 1) * l - u);
  };
  const h = end / steps;
  let sum = integrand(0) + integrand(end);
  for (let i = 1; i < steps; i++) sum += (i % 2 === 1 ? 4 : 2) * integrand(i * h);
  return (sum * h) / 3 / g;
}
