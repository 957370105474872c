/** How long a network takes to answer, measured. */
import type { Target } from '../cost/measure.ts';
import { loadModel } from '../engine/model.ts';
import { untrainedGraph } from '../export/untrained.ts';
import { serialize } from '../onnx/serde.ts';
import { random } from '../random.ts';
import { networkFor } from '../retrain/retrain.ts';
import { parseGenotype } from '../search/genotype-text.ts';
import { median } from '../spread.ts';
import { networkOptions } from './networks.ts';
import type { RetrainRecord } from './records.ts';

/** The network of a retraining, loaded, and what it takes. */
async function opened(record: RetrainRecord, target: Target) {
  const { dataset } = record;
  const network = networkFor(parseGenotype(record.genotype, record.path), dataset, {
    ...networkOptions(record),
    auxiliaryWeight: 0,
  });
  const { channels, height, width } = dataset.shape;
  const generator = random(0, 'image');
  return {
    model: await loadModel(serialize(untrainedGraph(network, dataset.shape)), record.path, target),
    image: Float32Array.from({ length: channels * height * width }, () => generator.uniform()),
    shape: [1, channels, height, width],
    times: [] as number[],
  };
}

const rounds = 20;
const runsARound = 3;

/**
 * Milliseconds that the exported network of each retraining takes for one image in onnxruntime: the median of 60
 * runs after 6 to warm up. The networks take turns, so that what else the machine does meets all of them alike. The
 * weights are the initial ones: time does not depend on them.
 */
export async function measureLatencies(records: readonly RetrainRecord[], target: Target): Promise<number[]> {
  const measured: Awaited<ReturnType<typeof opened>>[] = [];
  try {
    for (const record of records) measured.push(await opened(record, target));
    for (let round = -2; round < rounds; round++) {
      for (const { model, image, shape, times } of measured) {
        for (let run = 0; run < runsARound; run++) {
          const begin = performance.now();
          await model.run(image, shape);
          if (round >= 0) times.push(performance.now() - begin);
        }
      }
    }
  } finally {
    for (const { model } of measured) await model.dispose();
  }
  return measured.map(({ times }) => median(times));
}
