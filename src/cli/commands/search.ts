import { defineCommand } from '../command.ts';
import { interruptible } from '../interruption.ts';
import { shellWord } from '../output.ts';
import { searchRunDefaults, searchRunNames } from '../run-options.ts';

const place = { out: 'runs/search', resume: false } as const;

export const searchCommand = defineCommand({
  name: 'search',
  describe: 'search an architecture on images (DARTS)',
  options: [...searchRunNames, 'seeds', 'out', 'resume'],
  describes: { seeds: 'search with this many seeds, from --seed on, each in a folder seed-<n> of --out' },
  defaults: { ...searchRunDefaults, ...place, seeds: 'one search, in --out itself', threads: 'all cores' },
  examples: [
    ['search --epochs 10 --channels 8 --cells 5', 'a quick search on the embedded images'],
    ['search --data photos --image-size 32 --out runs/x', 'on a folder of images, one sub-folder a class'],
    ['search --seeds 4 --out runs/y', 'four searches, for "nas select runs/y" to choose from'],
    ['search --out runs/x --resume', 'continue an interrupted search, or several'],
  ],
  run: async ({ given, print }) => {
    const { runSearch } = await import('../tasks/search.ts');
    const { runSweep } = await import('../tasks/sweep.ts');
    const { isSweep } = await import('../places.ts');
    const { out = place.out, resume = place.resume, seeds, ...options } = given;
    const at = { out, resume, again: `nas search --out ${shellWord(out)} --resume` };
    const several = seeds !== undefined || (resume && isSweep(out));
    print(
      await interruptible(
        (signal): Promise<object> =>
          several
            ? runSweep(searchRunDefaults, options, seeds, at, signal)
            : runSearch(searchRunDefaults, options, at, signal),
      ),
    );
  },
});
