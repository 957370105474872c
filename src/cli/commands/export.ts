import { dirname, join } from 'node:path';
import type { CommandModule } from 'yargs';
import { InputError } from '../../errors.ts';
import { givenOptions, type OptionName, yargsOptions } from '../options.ts';
import { percent, printResult, say } from '../output.ts';
import { type DeviceOptions, deviceDefaults, deviceOptionNames } from '../setting.ts';

export interface ExportCommandOptions extends DeviceOptions {
  readonly onnx: string;
  readonly softmax: boolean;
  readonly weights: 'best' | 'last';
  /** Test images that the file is verified on. */
  readonly images: number;
}

const defaults = { ...deviceDefaults, softmax: false, weights: 'best', images: 1000 } as const;
const kept = [...deviceOptionNames, 'onnx', 'softmax', 'weights', 'images'] as const satisfies OptionName[];

export const exportCommand: CommandModule = {
  command: 'export <run>',
  describe: 'write the trained network of a run as a verified ONNX file',
  builder: (yargs) =>
    yargs
      .positional('run', { type: 'string', demandOption: true, describe: 'the folder of a retrained run' })
      .options(yargsOptions([...kept, 'json'], defaults))
      .demandOption('onnx', 'Say where to write the model: --onnx models/NAME/1/model.onnx')
      .example('$0 export runs/x --onnx models/x/1/model.onnx', 'what "nas serve models" then serves'),
  handler: async (argv) => {
    const given = givenOptions<ExportCommandOptions>(kept, argv);
    if (!given.onnx) throw new InputError('say where to write the model: --onnx models/NAME/1/model.onnx');
    const { json = false } = givenOptions<{ json: boolean }>(['json'], argv);
    printResult(await runExport(String(argv.run), { ...defaults, ...given, onnx: given.onnx }), json);
  },
};

/** Exports, verifies and only then writes; the result says what was proven. */
export async function runExport(
  run: string,
  options: ExportCommandOptions,
): Promise<Record<string, unknown>> {
  const { openDataset, openEngine } = await import('../setting.ts');
  const { openTrained } = await import('../trained.ts');
  const { inferenceGraph, modelBytes } = await import('../../export/model.ts');
  const { verifyModel } = await import('../../export/verify.ts');
  const { modelCard } = await import('../../export/card.ts');
  const { networkCost } = await import('../../export/cost.ts');
  const { version } = await import('../../version.ts');
  const { writeWhole } = await import('../../runs/files.ts');

  const trained = openTrained(run, options.weights);
  const { network, weights, normalization, genotypeText, accuracy } = trained;
  const dataset = await openDataset(trained.options);
  const engine = await openEngine(options);
  const { shape, classes } = dataset;
  const graph = inferenceGraph(network, weights, normalization, shape, { softmax: options.softmax });
  const metadata = {
    labels: classes,
    image: shape,
    normalization,
    genotype: genotypeText,
    dataset: dataset.name,
    accuracy,
    version,
  };
  const bytes = modelBytes(graph, metadata);
  say(`verifying on ${Math.min(options.images, dataset.test.count)} test images against ${engine.name}`);
  const verification = await verifyModel(bytes, {
    engine,
    network,
    weights,
    normalization,
    dataset,
    softmax: options.softmax,
    images: options.images,
  });
  const cost = networkCost(trained.genotype, {
    channels: trained.options.channels,
    cells: trained.options.cells,
    imageChannels: shape.channels,
    height: shape.height,
    width: shape.width,
    classes: classes.length,
  });
  writeWhole(options.onnx, bytes);
  const card = join(dirname(options.onnx), 'README.md');
  writeWhole(card, modelCard(metadata, { ...cost, bytes: bytes.length, verification }));
  say(`written ${options.onnx}, test accuracy ${percent(accuracy)}`);
  return { onnx: options.onnx, bytes: bytes.length, accuracy, ...cost, verification };
}
