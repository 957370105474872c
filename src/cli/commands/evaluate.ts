import { defineCommand } from '../command.ts';
import { dataOptionNames, deviceOptionNames } from '../options.ts';
import { deviceDefaults } from '../setting.ts';

export const evaluateCommand = defineCommand({
  name: 'evaluate',
  argument: { name: 'model', describe: "a run's folder or an .onnx file" },
  describe: 'measure the test accuracy of a run or of an .onnx file',
  options: [...dataOptionNames, 'weights', ...deviceOptionNames],
  defaults: {
    ...deviceDefaults,
    data: "the run's; embedded for a file",
    weights: 'best',
    threads: 'all cores',
  },
  examples: [
    ['evaluate runs/x', 'the network that was retrained in runs/x'],
    ['evaluate model.onnx --data photos --image-size 32', 'a file, on a folder of images'],
  ],
  run: async ({ argument, given, print }) => {
    const { evaluate } = await import('../tasks/evaluate.ts');
    print(await evaluate(argument, given));
  },
});
