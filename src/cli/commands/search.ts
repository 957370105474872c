import { methodDefaults } from '../../search/method-options.ts';
import { searchDefaults } from '../../search/options.ts';
import { defineCommand } from '../command.ts';
import { interruptible } from '../interruption.ts';
import type { OptionName } from '../options.ts';
import { shellWord } from '../output.ts';
import { searchRunDefaults, searchRunNames } from '../run-options.ts';

const place = { out: 'runs/search', resume: false } as const;

/** The defaults of DARTS, and behind them those of the methods that have others. */
function defaultsByMethod(): Partial<Record<OptionName, unknown>> {
  const common: Readonly<Record<string, unknown>> = { ...searchRunDefaults(searchDefaults.method) };
  const others = new Map<string, string[]>();
  for (const [method, defaults] of Object.entries(methodDefaults)) {
    for (const [name, value] of Object.entries(defaults)) {
      others.set(name, [...(others.get(name) ?? []), `${method} ${value}`]);
    }
  }
  const shown = [...others].map(([name, values]) => [
    name,
    [...(name in common ? [String(common[name])] : []), ...values].join(', '),
  ]);
  return { ...common, ...Object.fromEntries(shown) };
}

export const searchCommand = defineCommand({
  name: 'search',
  describe: 'search an architecture on images (DARTS and its successors)',
  options: [...searchRunNames, 'out', 'resume'],
  defaults: { ...defaultsByMethod(), ...place, threads: 'all cores' },
  examples: [
    ['search --epochs 10 --channels 8 --cells 5', 'a quick search on the embedded images'],
    ['search --data photos --image-size 32 --out runs/x', 'on a folder of images, one sub-folder a class'],
    [
      'search --method pc-darts --batch 64',
      'by another method, whose own defaults hold but for what is given',
    ],
    ['search --method random --seed 3 --out runs/r3', 'a genotype drawn at random, to compare with'],
    ['search --out runs/x --resume', 'continue an interrupted search'],
  ],
  run: async ({ given, print }) => {
    const { runSearch } = await import('../tasks/search.ts');
    const { out = place.out, resume = place.resume, ...options } = given;
    const defaults = searchRunDefaults(options.method ?? searchDefaults.method);
    const again = `nas search --out ${shellWord(out)} --resume`;
    print(await interruptible((signal) => runSearch(defaults, options, { out, resume, again }, signal)));
  },
});
