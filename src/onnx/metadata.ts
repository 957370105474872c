/** What an exported model says about itself, kept in the ONNX file's `metadata_props` (all values are strings). */
export interface ModelMetadata {
  /** Class names in the order of the logits. */
  readonly labels: readonly string[];
  /** Channel count and size of the images that the model takes; pixels in [0, 1], layout [N, C, H, W]. */
  readonly image: { readonly channels: number; readonly height: number; readonly width: number };
  /** The normalisation inside the graph, for information. */
  readonly normalization: { readonly mean: readonly number[]; readonly std: readonly number[] };
  readonly genotype: string;
  readonly dataset: string;
  /** Accuracy in [0, 1] on the data set's test images. */
  readonly accuracy: number;
  /** The version of onnx-nas that wrote the file. */
  readonly version: string;
}

const prefix = 'nas.';
const keys = [
  'labels',
  'image',
  'normalization',
  'genotype',
  'dataset',
  'accuracy',
  'version',
] as const satisfies readonly (keyof ModelMetadata)[];

/** The metadata as ONNX `metadata_props`: `nas.labels`, `nas.image`, …; each value is JSON. */
export const metadataToProps = (metadata: ModelMetadata): Record<string, string> =>
  Object.fromEntries(keys.map((key) => [prefix + key, JSON.stringify(metadata[key])]));

/** The metadata in a model's `metadata_props`; what is absent or unreadable is left out (the model may not be ours). */
export function metadataFromProps(props: Readonly<Record<string, string>>): Partial<ModelMetadata> {
  const entries = keys.flatMap((key) => {
    const text = props[prefix + key];
    if (text === undefined) return [];
    try {
      return [[key, JSON.parse(text)]];
    } catch {
      return [];
    }
  });
  return Object.fromEntries(entries);
}

/** Whether labels are such: a model's metadata may be anybody's. */
export const isLabels = (labels: unknown): labels is readonly string[] =>
  Array.isArray(labels) && labels.every((label) => typeof label === 'string');
