/** Exported networks of other spaces: NAS-Bench-201's chain, cells of nothing, noise, reductions elsewhere. */
import { describe, expect, it } from 'vitest';
import { loadModel } from '../../src/engine/model.ts';
import { serialize } from '../../src/onnx/serde.ts';
import { verify } from '../../src/onnx/verify.ts';
import { parseGenotype } from '../../src/search/genotype-text.ts';
import { expectedLogits, graphOf, initial, pixels, shapes } from './networks.ts';

const darts = (normal: string, reduce: string): string =>
  `Genotype(normal=[${normal}], normal_concat=[2], reduce=[${reduce}], reduce_concat=[2], reductions=[1])`;

const texts = {
  chain: '|avg_pool_3x3~0|+|nor_conv_1x1~0|none~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_1x1~2|',
  'a chain of nothing': '|none~0|+|none~0|none~1|+|none~0|none~1|none~2|',
  'cells of nothing': darts("('none', 0), ('none', 1)", "('none', 0), ('none', 1)"),
  noise: darts("('noise', 0), ('sep_conv_3x3', 1)", "('noise', 0), ('skip_connect', 1)"),
};

const cases = Object.entries(shapes).flatMap(([size, shape]) =>
  Object.entries(texts).map(([name, text]) => [name, size, text, shape] as const),
);

describe.each(cases)('%s on %s images', (_, __, text, shape) => {
  it('is a file that computes what the network computes, on a batch of any size', async () => {
    const network = initial(parseGenotype(text), shape);
    const graph = graphOf(network);
    verify(graph);
    const model = await loadModel(serialize(graph), 'the file', { threads: 1 });
    for (const count of [1, 3]) {
      const images = pixels(count, shape);
      const expected = await expectedLogits(network, images);
      const actual = await model.run(images, [count, shape.channels, shape.height, shape.width]);
      expect(actual).toHaveLength(expected.length);
      actual.forEach((x, i) => {
        expect(Math.abs(x - (expected[i] as number))).toBeLessThan(1e-4);
      });
    }
    await model.dispose();
  });
});
