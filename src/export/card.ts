/** A model's card: what a person needs to know of the file, in Markdown. */
import type { ModelMetadata } from '../onnx/metadata.ts';
import type { NetworkCost } from './cost.ts';
import type { Verification } from './verify.ts';

export interface CardFigures extends NetworkCost {
  readonly bytes: number;
  readonly verification: Verification;
}

/** Any text in a cell of a table: it stays in its cell, and means nothing in Markdown or HTML. */
const cell = (text: string): string => text.replace(/\s+/g, ' ').replace(/[\\`*_[\]<>&|]/g, '\\$&');

const list = (values: readonly number[]): string => values.map((x) => x.toPrecision(6)).join(', ');

export function modelCard(metadata: ModelMetadata, figures: CardFigures): string {
  const { channels, height, width } = metadata.image;
  const { verification } = figures;
  return `# Model card

| | |
|---|---|
| data set | ${cell(metadata.dataset)} |
| test accuracy | ${(100 * metadata.accuracy).toFixed(2)} % |
| parameters | ${figures.parameters} |
| multiply–accumulates | ${figures.macs} |
| file | ${figures.bytes} bytes |
| input | \`image\`, float32 [N, ${channels}, ${height}, ${width}], pixels in [0, 1] |
| normalisation (inside the graph) | mean ${list(metadata.normalization.mean)}; std ${list(metadata.normalization.std)} |
| labels | ${metadata.labels.map(cell).join(', ')} |
| verified | on ${verification.images} test images: outputs differ from the training engine's by at most ${verification.maxDifference.toExponential(1)} |
| written by | onnx-nas ${metadata.version} |

\`\`\`
${metadata.genotype}
\`\`\`
`;
}
