/** What the page shows of a model, beyond what the protocol tells of it. */
import { drawGenotype, type GenotypeDrawings } from '../../report/genotype-drawings.ts';
import { readCard } from '../models/card.ts';
import type { Model } from '../models/model.ts';
import { cardHtml } from './card.ts';
import { sampleNames } from './samples.ts';

export interface Description {
  readonly dataset: string | null;
  /** In [0, 1]. */
  readonly accuracy: number | null;
  /** Channels, height and width of the images that it labels, and how many labels; or why it labels none. */
  readonly images:
    | { readonly channels: number; readonly height: number; readonly width: number; readonly labels: number }
    | string;
  readonly drawings: GenotypeDrawings | null;
  /** HTML. */
  readonly card: string | null;
  readonly samples: readonly string[];
}

export async function describe(model: Model): Promise<Description> {
  const { path, metadata, classifier } = model;
  const { dataset, accuracy, genotype } = metadata as Readonly<Record<string, unknown>>;
  const text = await readCard(path);
  return {
    dataset: typeof dataset === 'string' ? dataset : null,
    accuracy: typeof accuracy === 'number' ? accuracy : null,
    images:
      typeof classifier === 'string' ? classifier : { ...classifier.image, labels: classifier.labels.length },
    drawings: drawingsOf(genotype),
    card: text === undefined ? null : cardHtml(text),
    samples: typeof classifier === 'string' ? [] : await sampleNames(path),
  };
}

/** A model's metadata may be anybody's: what is no genotype has no drawing. */
function drawingsOf(genotype: unknown): GenotypeDrawings | null {
  if (typeof genotype !== 'string') return null;
  try {
    return drawGenotype(genotype);
  } catch {
    return null;
  }
}
