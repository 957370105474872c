/** Latency tables: what is measured, what is read of a file, and what is refused. */
import { beforeAll, describe, expect, it } from 'vitest';
import {
  type LatencyFile,
  latencyFromJson,
  latencyTable,
  latencyToJson,
  profile,
} from '../../src/cost/latency.ts';
import { operationShapes, shapeName } from '../../src/cost/places.ts';
import { InputError } from '../../src/errors.ts';
import { costOf } from '../../src/search/budget.ts';
import { parseGenotype } from '../../src/search/genotype-text.ts';
import { searchSpace, spaceFromContent } from '../../src/search/spaces.ts';

const space = spaceFromContent(
  { name: 'tiny', nodes: 1, keep: 'all', operations: ['none', 'skip_connect', 'conv_3x3'] },
  'tiny.json',
);
const size = { channels: 2, cells: 2, imageChannels: 1, height: 7, width: 5, classes: 3 };

describe('the places of operations', () => {
  it('have the sizes of their states, before and after a reduction', () => {
    const [normal, reduce] = operationShapes(searchSpace('darts'), { ...size, cells: 4 });
    const names = (shapes: ReturnType<typeof operationShapes>[number][number][number] = []): string[] =>
      shapes.map(shapeName);
    // Of four cells, those at 1 and 2 reduce.
    expect(names(normal?.[0]?.[4])).toEqual(['sep_conv_3x3 2×7×5', 'sep_conv_3x3 8×2×2']);
    expect(names(reduce?.[0]?.[4])).toEqual(['sep_conv_3x3 4×7×5 /2', 'sep_conv_3x3 8×4×3 /2']);
    expect(names(reduce?.[4]?.[4])).toEqual(['sep_conv_3x3 4×4×3', 'sep_conv_3x3 8×2×2']);
  });

  it('are those of the cells between the residual blocks of a chain', () => {
    const [cell] = operationShapes(searchSpace('nas-bench-201'), { ...size, cells: 5 });
    expect(cell?.[5]?.[3]?.map(shapeName)).toEqual([
      'nor_conv_3x3 2×7×5',
      'nor_conv_3x3 4×4×3',
      'nor_conv_3x3 8×2×2',
    ]);
  });
});

describe('a profile', () => {
  let file: LatencyFile;
  beforeAll(async () => {
    file = await profile(space, size, { provider: 'cpu', threads: 1 });
  });

  it('has every operation at every shape, none and skips for nothing', () => {
    const shapes = new Set(operationShapes(space, size).flat(3).map(shapeName));
    expect(new Set(file.operations.map(shapeName))).toEqual(shapes);
    for (const { operation, stride, milliseconds } of file.operations) {
      expect(milliseconds).toBeGreaterThanOrEqual(0);
      if (operation === 'none' || (operation === 'skip_connect' && stride === 1))
        expect(milliseconds).toBe(0);
    }
    expect(file.machine.cores).toBeGreaterThan(0);
    expect(file.versions.onnxruntime).toMatch(/^\d+\.\d+/);
  });

  it('is compared with whole networks', () => {
    expect(file.checks).toHaveLength(4);
    for (const { genotype, estimated, measured } of file.checks) {
      const table = latencyTable(file, space, size, 'here');
      const difference = Math.abs(costOf(parseGenotype(genotype), table, space) - estimated);
      expect(difference).toBeLessThanOrEqual(1e-3 * estimated);
      // Of so small a network nothing may be left when the time of an empty run is taken off.
      expect(measured).toBeGreaterThanOrEqual(0);
    }
  });

  it('is what it was when it is read again', () => {
    expect(latencyFromJson(latencyToJson(file), 'cpu.json')).toEqual(file);
  });

  it('is refused for another network or space', () => {
    expect(() => latencyTable(file, space, { ...size, cells: 3, width: 6 }, 'cpu.json')).toThrow(
      'cpu.json was measured for another network: cells 2, not 3; width 5, not 6. Measure this one with nas profile',
    );
    const other = spaceFromContent(
      { name: 'x', nodes: 1, keep: 'all', operations: ['sep_conv_3x3'] },
      'x.json',
    );
    expect(() => latencyTable(file, other, size, 'cpu.json')).toThrow(
      'cpu.json was measured for another space: it has no sep_conv_3x3 4×7×5 /2',
    );
  });

  it.each<[string, (json: string) => string, string]>([
    ['no JSON', () => '{', 'cpu.json is not JSON'],
    ['null', () => 'null', 'expected {"format": "onnx-nas/latency", "version": 2, …}'],
    ['another format', (json) => json.replace('onnx-nas/latency', 'x'), 'got format "x", version 2'],
    ['a later version', (json) => json.replace('"version": 2', '"version": 3'), 'version 3'],
    ['a rest of nothing', (json) => json.replace('"rest"', '"test"'), '"rest" must say'],
    [
      'a negative time',
      (json) => json.replace(/"milliseconds": [\d.e-]+/g, '"milliseconds": -1'),
      '"rest" must say',
    ],
    [
      'a time that is text',
      (json) => json.replace(/"milliseconds": [\d.e-]+,/, '"milliseconds": "1",'),
      '"operations" must',
    ],
    ['no operations', (json) => json.replace('"operations"', '"operation"'), '"operations" must be a list'],
  ])('is refused with %s', (_, damage, message) => {
    const text = damage(latencyToJson(file));
    expect(() => latencyFromJson(text, 'cpu.json')).toThrow(message);
    expect(() => latencyFromJson(text, 'cpu.json')).toThrow(InputError);
  });
});
