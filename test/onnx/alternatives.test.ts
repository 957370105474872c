import fc from 'fast-check';
import onnxProto from 'onnx-proto';
import { describe, expect, test } from 'vitest';
import { alternativeName, chosenName } from '../../src/onnx/alternatives.ts';
import type { Graph } from '../../src/onnx/ir.ts';
import { joinAlternatives, serializeAlternative } from '../../src/onnx/serde.ts';
import { randomGraphs } from './random-graph.ts';
import {
  bool,
  difference,
  type Feeds,
  float32,
  graphOf,
  int64,
  type Result,
  randomFeeds,
  run,
  runModel,
} from './support.ts';

const flag = (chosen: boolean): Feeds[string] => ({ type: bool(), data: Uint8Array.of(Number(chosen)) });

/** One number of as many dimensions as no result has. */
const nothing = [1, 1, 1, 1, 1, 1, 1];

/** A segment that holds any graph of these tests. */
const inOne = 1000;

const fileOf = (graphs: Readonly<Record<string, Graph>>, segmentSize: number): Uint8Array =>
  joinAlternatives(
    Object.entries(graphs).map(([name, graph]) => serializeAlternative(graph, name, { segmentSize })),
  );

/** The file of both with one of them chosen, and its results under their own names; the others must not be computed. */
async function runOne(
  graphs: Readonly<Record<string, Graph>>,
  chosen: string,
  segmentSize: number,
): Promise<Record<string, Result>> {
  const feeds: Record<string, Feeds[string]> = {};
  for (const [name, graph] of Object.entries(graphs)) {
    feeds[chosenName(name)] = flag(name === chosen);
    for (const [input, feed] of Object.entries(randomFeeds(graph))) {
      feeds[alternativeName(name, input)] = feed;
    }
  }
  const results = Object.entries(await runModel(fileOf(graphs, segmentSize), feeds));
  const isOwn = ([name]: [string, Result]): boolean => name.startsWith(alternativeName(chosen, ''));
  for (const [name, { shape }] of results.filter((result) => !isOwn(result)))
    expect(shape, name).toEqual(nothing);
  const before = alternativeName(chosen, '').length;
  return Object.fromEntries(results.filter(isOwn).map(([name, result]) => [name.slice(before), result]));
}

describe('of several graphs', () => {
  test('the chosen one computes what it computes alone, in one segment or several', async () => {
    await fc.assert(
      fc.asyncProperty(
        randomGraphs(),
        randomGraphs(),
        fc.option(fc.integer({ min: 1, max: 7 }), { nil: inOne }),
        async (a, b, segmentSize) => {
          for (const [chosen, graph] of Object.entries({ a, b })) {
            expect(difference(await run(graph), await runOne({ a, b }, chosen, segmentSize))).toBe(0);
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  test('each has inputs and outputs of its own, of one name, of all kinds, and computed by nobody', async () => {
    const one = graphOf({ x: float32(3), ids: int64(2) }, (b, { x, ids }) => ({
      y: b.node('Neg', [x]),
      same: ids,
      greater: b.node('Greater', [x, b.float(0.5)]),
    }));
    const other = graphOf({ x: float32(2, 2) }, (b, { x }) => ({ y: b.node('Exp', [x]), one: b.int(1) }));
    for (const [chosen, graph] of Object.entries({ one, other })) {
      for (const segmentSize of [1, inOne]) {
        expect(difference(await run(graph), await runOne({ one, other }, chosen, segmentSize))).toBe(0);
      }
    }
  });

  test('of either the segments lie side by side, none within another', () => {
    const graph = graphOf({ x: float32(3) }, (b, { x }) => ({ y: b.node('Exp', [b.node('Neg', [x])]) }));
    const model = fileOf({ a: graph, b: graph }, 1);
    const nodes = onnxProto.onnx.ModelProto.decode(model).graph?.node ?? [];
    const written = nodes.map(({ input, opType, attribute }) => [
      ...(input ?? []),
      opType,
      attribute?.[0]?.g?.node?.map((inner) => inner.opType),
    ]);
    expect(written).toEqual(
      ['a?', 'b?'].flatMap((chosen) => [
        [chosen, 'If', ['Neg']],
        [chosen, 'If', ['Exp']],
      ]),
    );
  });

  test('none may be chosen, and all', async () => {
    const graph = graphOf({ x: float32(3) }, (b, { x }) => ({ y: b.node('Neg', [x]) }));
    const model = fileOf({ a: graph, b: graph }, 1);
    const [x] = Object.values(randomFeeds(graph));
    const shapes = async (chosen: boolean): Promise<unknown> => {
      const feeds = { 'a?': flag(chosen), 'b?': flag(chosen), 'a:x': x, 'b:x': x };
      return Object.values(await runModel(model, feeds as Feeds)).map(({ shape }) => shape);
    };
    expect(await shapes(false)).toEqual([nothing, nothing]);
    expect(await shapes(true)).toEqual([[3], [3]]);
  });
});
