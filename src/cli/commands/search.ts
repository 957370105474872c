import { defineCommand } from '../command.ts';
import { interruptible } from '../interruption.ts';
import { shellWord } from '../output.ts';
import { searchRunDefaults, searchRunNames } from '../run-options.ts';

const place = { out: 'runs/search', resume: false } as const;

export const searchCommand = defineCommand({
  name: 'search',
  describe: 'search an architecture on images (DARTS)',
  options: [...searchRunNames, 'out', 'resume'],
  defaults: { ...searchRunDefaults, ...place, threads: 'all cores' },
  examples: [
    ['search --epochs 10 --channels 8 --cells 5', 'a quick search on the embedded images'],
    ['search --data photos --image-size 32 --out runs/x', 'on a folder of images, one sub-folder a class'],
    ['search --out runs/x --resume', 'continue an interrupted search'],
  ],
  run: async ({ given, print }) => {
    const { runSearch } = await import('../tasks/search.ts');
    const { out = place.out, resume = place.resume, ...options } = given;
    const again = `nas search --out ${shellWord(out)} --resume`;
    print(
      await interruptible((signal) => runSearch(searchRunDefaults, options, { out, resume, again }, signal)),
    );
  },
});
