import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { alternativeName, alternatives, chosenName } from '../../src/onnx/alternatives.ts';
import type { Graph } from '../../src/onnx/ir.ts';
import { verify } from '../../src/onnx/verify.ts';
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
} from './support.ts';

const flag = (chosen: boolean): Feeds[string] => ({ type: bool(), data: Uint8Array.of(Number(chosen)) });

/** The graph of both with one of them chosen, and its results under their own names; the others have to be empty. */
async function runOne(
  graphs: Readonly<Record<string, Graph>>,
  chosen: string,
  segmentSize?: number,
): Promise<Record<string, Result>> {
  const feeds: Record<string, Feeds[string]> = {};
  for (const [name, graph] of Object.entries(graphs)) {
    feeds[chosenName(name)] = flag(name === chosen);
    for (const [input, feed] of Object.entries(randomFeeds(graph))) {
      feeds[alternativeName(name, input)] = feed;
    }
  }
  const whole = alternatives(graphs);
  verify(whole);
  const results = Object.entries(await run(whole, feeds, segmentSize === undefined ? {} : { segmentSize }));
  const isOwn = ([name]: [string, Result]): boolean => name.startsWith(alternativeName(chosen, ''));
  for (const [name, { shape }] of results.filter((result) => !isOwn(result)))
    expect(shape, name).toEqual([0]);
  const before = alternativeName(chosen, '').length;
  return Object.fromEntries(results.filter(isOwn).map(([name, result]) => [name.slice(before), result]));
}

describe('of several graphs', () => {
  test('the chosen one computes what it computes alone, in segments or not', async () => {
    const segmentSizes = fc.option(fc.integer({ min: 1, max: 7 }), { nil: undefined });
    await fc.assert(
      fc.asyncProperty(randomGraphs(), randomGraphs(), segmentSizes, async (a, b, segmentSize) => {
        for (const [chosen, graph] of Object.entries({ a, b })) {
          expect(difference(await run(graph), await runOne({ a, b }, chosen, segmentSize))).toBe(0);
        }
      }),
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
      expect(difference(await run(graph), await runOne({ one, other }, chosen))).toBe(0);
    }
  });

  test('none may be chosen, and all', async () => {
    const graph = graphOf({ x: float32(3) }, (b, { x }) => ({ y: b.node('Neg', [x]) }));
    const whole = alternatives({ a: graph, b: graph });
    const [x] = Object.values(randomFeeds(graph));
    const shapes = async (chosen: boolean): Promise<unknown> => {
      const feeds = { 'a?': flag(chosen), 'b?': flag(chosen), 'a:x': x, 'b:x': x };
      return Object.values(await run(whole, feeds as Feeds)).map(({ shape }) => shape);
    };
    expect(await shapes(false)).toEqual([[0], [0]]);
    expect(await shapes(true)).toEqual([[3], [3]]);
  });
});
