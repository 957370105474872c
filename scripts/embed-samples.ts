/**
 * Writes models/fashion-mnist/1/samples, the images that the server's page offers to try the shipped model on: as `nas export`
 * does, of the embedded test images.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readEmbedded } from '../src/data/fashion-mnist.ts';
import { checked } from '../src/data/reading.ts';
import { sampleFiles } from '../src/export/samples.ts';

const target = 'models/fashion-mnist/1/samples';

await mkdir(target, { recursive: true });
for (const { name, bytes } of await sampleFiles(checked(await readEmbedded()))) {
  await writeFile(join(target, name), bytes);
}
