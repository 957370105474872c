import { InputError } from '../../errors.ts';
import { defineCommand } from '../command.ts';
import { dataOptionNames, deviceOptionNames } from '../options.ts';
import { deviceDefaults } from '../setting.ts';

const defaults = { ...deviceDefaults, softmax: false, weights: 'best', images: 1000, samples: true } as const;

export const exportCommand = defineCommand({
  name: 'export',
  argument: { name: 'run', describe: 'the folder of a retrained run' },
  describe: 'write the trained network of a run as a verified ONNX file, and its model card',
  options: ['onnx', 'softmax', 'weights', 'images', 'samples', ...dataOptionNames, ...deviceOptionNames],
  defaults: { ...defaults, data: "the run's", threads: 'all cores' },
  examples: [['export runs/x --onnx models/x/1/model.onnx', 'what "nas serve models" then serves']],
  run: async ({ argument, given, print }) => {
    const { onnx } = given;
    if (!onnx) throw new InputError('say where to write the model: --onnx models/NAME/1/model.onnx');
    const { runExport } = await import('../tasks/export.ts');
    print(await runExport(argument, { ...defaults, ...given, onnx }));
  },
});
