import { describe, expect, it } from 'vitest';
import { contrast, levelOf, levels, shades, type ThemeName, themes } from '../../src/report/palette.ts';

describe.each(Object.keys(themes) as ThemeName[])('the colours of strengths, %s', (theme) => {
  const all = shades(theme);

  it('can be written on at every level', () => {
    for (const { ground, ink } of all) expect(contrast(ground, ink), ground).toBeGreaterThanOrEqual(4.5);
  });

  it('stand out from the ground the more the stronger they are, in even steps', () => {
    const [weakest] = all;
    const steps = all.map(({ ground }) => contrast(ground, weakest?.ground ?? ''));
    steps.slice(1).forEach((step, i) => {
      expect(step).toBeGreaterThan(steps[i] ?? 0);
      // No step is a leap that the eye would take for an edge.
      expect(step / (steps[i] ?? 1)).toBeLessThan(1.25);
    });
    expect([all[0]?.ground, all.at(-1)?.ground]).toEqual([themes[theme].weakest, themes[theme].strongest]);
  });
});

it('levels go from nothing to the strongest', () => {
  expect([0, 0.35, 0.7, 0.9].map((strength) => levelOf(strength, 0.7))).toEqual([
    0,
    (levels - 1) / 2,
    levels - 1,
    levels - 1,
  ]);
  expect(levelOf(0, 0)).toBe(0);
});

it('contrast is that of WCAG', () => {
  expect(contrast('#000000', '#ffffff')).toBeCloseTo(21, 10);
  expect(contrast('#777777', '#ffffff')).toBeCloseTo(4.48, 2);
});
