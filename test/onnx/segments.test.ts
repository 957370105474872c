/** Graphs that are written in segments, which only onnxruntime reads. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import onnxProto from 'onnx-proto';
import { describe, expect, test } from 'vitest';
import { graphNodes, type Value } from '../../src/onnx/ir.ts';
import { serialize } from '../../src/onnx/serde.ts';
import * as ort from '../../src/runtime.ts';
import { randomGraphs } from './random-graph.ts';
import { difference, float32, graphOf, int64, run } from './support.ts';

const { onnx } = onnxProto;

describe('in segments', () => {
  const nodesOf = (bytes: Uint8Array) => onnx.ModelProto.decode(bytes).graph?.node ?? [];
  const branches = (bytes: Uint8Array) =>
    nodesOf(bytes).map(({ attribute }) => attribute?.find(({ name }) => name === 'then_branch')?.g);

  test('any graph computes the same', async () => {
    await fc.assert(
      fc.asyncProperty(randomGraphs(), fc.integer({ min: 1, max: 7 }), async (graph, segmentSize) => {
        expect(difference(await run(graph), await run(graph, undefined, { segmentSize }))).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  test('of all kinds of element types, and outputs that are inputs, constants or views', async () => {
    const graph = graphOf({ x: float32(2, 3), ids: int64(2) }, (b, { x, ids }) => {
      const view = b.node('Reshape', [b.node('Neg', [x]), b.ints([6])]);
      return {
        view,
        same: x,
        constant: b.int(3),
        greater: b.node('Greater', [view, b.float(0)]),
        sum: b.node('Add', [b.node('Mul', [ids, ids]), ids]),
        read: b.node('Exp', [view]),
        ofInput: b.node('Reshape', [x, b.ints([3, 2])]),
        scalar: b.node('ReduceSum', [b.node('Tanh', [view])], { keepdims: 0 }),
      };
    });
    const bytes = serialize(graph, { segmentSize: 1 });
    expect(branches(bytes).length).toBeGreaterThan(6);
    expect(difference(await run(graph), await run(graph, undefined, { segmentSize: 1 }))).toBe(0);
  });

  test('values are named by numbers that inputs and outputs do not bear', async () => {
    const graph = graphOf({ '#0': float32(2), '#2': float32(2) }, (b, { '#0': x, '#2': y }) => {
      const sum = b.node('Add', [b.node('Neg', [x]), b.node('Exp', [y])]);
      return { '#1': b.node('Tanh', [sum]), z: b.node('Mul', [sum, b.float(3)]) };
    });
    for (const segmentSize of [1, 9]) {
      expect(difference(await run(graph), await run(graph, undefined, { segmentSize }))).toBe(0);
    }
    const results = nodesOf(serialize(graph, { segmentSize: 9 })).map(({ output }) => output?.[0]);
    expect(results.toSorted()).toEqual(['#1', '#3', '#4', '#5', 'z']);
  });

  test('a view is made where it is read, not handed from one segment to another', () => {
    const graph = graphOf({ x: float32(2, 3) }, (b, { x }) => {
      const view = b.node('Reshape', [b.node('Reshape', [b.node('Neg', [x]), b.ints([6])]), b.ints([3, 2])]);
      return { y: b.node('Exp', [view]), z: b.node('Tanh', [view]) };
    });
    const operators = branches(serialize(graph, { segmentSize: 1 })).map((branch) =>
      branch?.node?.map(({ opType }) => opType),
    );
    expect(operators).toEqual([['Neg'], ['Reshape', 'Reshape', 'Exp'], ['Reshape', 'Reshape', 'Tanh']]);
  });

  test('shapes are written where a result may take the place of an operand, and nowhere else', () => {
    const graph = graphOf({ x: float32(2, 16, 4, 4), w: float32(16, 16, 1, 1) }, (b, { x, w }) => {
      const convolve = (image: Value, ...sum: Value[]): Value =>
        b.node('com.microsoft.nchwc.Conv', [image, w, ...(sum.length > 0 ? [null, ...sum] : [])], {
          kernel_shape: [1, 1],
        });
      const sum = convolve(convolve(b.node('Neg', [x])), convolve(b.node('Abs', [x])));
      const y = b.node('Exp', [b.node('Relu', [sum])]);
      return { y, z: ['Cos', 'Sin', 'Cos', 'Sin'].reduce((value, op) => b.node(op as 'Cos', [value]), x) };
    });
    const [branch] = branches(serialize(graph, { segmentSize: 7 }));
    const operatorOf = new Map(branch?.node?.map(({ output, opType }) => [output?.[0], opType]));
    const shapes = branch?.valueInfo?.map(({ name, type }) => [
      operatorOf.get(name ?? undefined),
      type?.tensorType?.shape?.dim?.map(({ dimValue }) => Number(dimValue)),
    ]);
    const image = [2, 16, 4, 4];
    expect(shapes).toEqual([
      ['Conv', image],
      ['Conv', image],
      ['Relu', image],
    ]);
  });

  test('onnxruntime runs the nodes in the order of the graph', async () => {
    const names = ['Neg', 'Exp', 'Tanh', 'Sigmoid', 'Relu', 'Abs', 'Erf', 'Sqrt'] as const;
    const graph = graphOf({ x: float32(4) }, (b, { x }) => {
      const branches = names.map((name) => b.node('ReduceSum', [b.node(name, [x])], { keepdims: 0 }));
      return { y: b.node('Max', branches), z: b.node('Cos', [x]), last: b.node('Sin', [x]) };
    });
    const folder = mkdtempSync(join(tmpdir(), 'order-'));
    const session = await ort.InferenceSession.create(serialize(graph, { segmentSize: 12 }), {
      graphOptimizationLevel: 'disabled',
      enableProfiling: true,
      profileFilePrefix: join(folder, 'profile'),
    });
    await session.run({ x: new ort.Tensor('float32', Float32Array.of(1, 2, 3, 4), [4]) });
    session.endProfiling();
    await session.release();
    const events = JSON.parse(readFileSync(join(folder, readdirSync(folder)[0] as string), 'utf8'));
    rmSync(folder, { recursive: true });
    const order = (events as { name: string; ts: number; args?: { op_name?: string } }[])
      .filter(({ name }) => name.endsWith('_kernel_time'))
      .sort((a, b) => a.ts - b.ts)
      .map(({ args }) => args?.op_name)
      .filter((name) => name !== 'If');
    expect(order).toEqual(graphNodes(graph).map(({ op }) => op));
  });

  test('the nodes of a segment are about as many as was asked for; with a single one the file is a plain one', () => {
    const graph = graphOf({ x: float32(2) }, (b, { x }) => ({
      y: Array.from({ length: 10 }).reduce<Value>((value) => b.node('Neg', [value]), x),
    }));
    const sizes = (segmentSize: number) =>
      branches(serialize(graph, { segmentSize })).map((branch) => branch?.node?.length);
    expect(sizes(3)).toEqual([3, 3, 4]);
    expect(nodesOf(serialize(graph, { segmentSize: 10 })).map(({ opType }) => opType)).toEqual(
      Array(10).fill('Neg'),
    );
  });

  test('a graph is cut where least is being added to, unless others read that, too', () => {
    const cut = (isRead: boolean) => {
      const graph = graphOf({ x: float32(2, 16, 4, 4), w: float32(16, 16, 1, 1) }, (b, { x, w }) => {
        const add = (image: Value, sum: Value | null): Value =>
          b.node('com.microsoft.nchwc.Conv', [image, w, null, sum], { kernel_shape: [1, 1] });
        const sums = [b.node('Neg', [x])];
        for (let term = 0; term < 7; term++) sums.push(add(x, sums.at(-1) as Value));
        const rest = Array.from({ length: 6 }).reduce<Value>(
          (value) => b.node('Neg', [value]),
          sums.at(-1) as Value,
        );
        return { y: isRead ? sums.reduce((value, sum) => b.node('Mul', [value, sum]), rest) : rest };
      });
      return branches(serialize(graph, { segmentSize: 7 })).map((branch) => branch?.node?.length);
    };
    // Neg and seven sums, then what overwrites nothing.
    expect(cut(false)).toEqual([8, 6]);
    expect(cut(true)).toEqual([7, 7, 8]);
  });
});
