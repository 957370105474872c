import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/errors.ts';
import { formatCost, parseBudget } from '../../src/search/budget-text.ts';

describe('a budget', () => {
  it.each([
    ['macs=50M', 'macs', 50e6],
    ['macs=1.5G', 'macs', 1.5e9],
    ['parameters=300K', 'parameters', 300e3],
    ['parameters=12345', 'parameters', 12345],
    ['latency=5ms', 'latency', 5],
    ['latency=800us', 'latency', 0.8],
    ['latency=0.1s', 'latency', 100],
  ])('%s is read', (text, cost, limit) => {
    const read = parseBudget(text);
    expect(read.cost).toBe(cost);
    expect(read.limit).toBeCloseTo(limit, 9);
  });

  it.each([
    '',
    'macs',
    'macs=',
    'macs=0',
    'macs=-5M',
    'macs=5m',
    'macs=5MB',
    'macs=5 M',
    'macs=1e6',
    'macs=.5M',
    'flops=5M',
    'latency=5',
    'latency=5Ms',
    'latency=0ms',
    'toString=5',
    'macs=5toString',
    'macs=5M,parameters=1M',
  ])('"%s" is refused', (text) => {
    expect(() => parseBudget(text)).toThrow(`got "${text}"`);
    expect(() => parseBudget(text)).toThrow(InputError);
  });

  it.each([
    ['macs', 52_345_678, '52.35M'],
    ['parameters', 999, '999'],
    ['parameters', 1000, '1.000K'],
    ['latency', 0.25, '250.0us'],
    ['latency', 12.5, '12.50ms'],
    ['latency', 0.0001, '0.1000us'],
  ] as const)('%s of %d are written %s', (cost, amount, text) => {
    expect(formatCost(cost, amount)).toBe(text);
  });
});
