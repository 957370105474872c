/**
 * Writes data/fashion-mnist-subset, the data set that comes with the package. Arguments: the folder with the four
 * files of Fashion-MNIST (default: Debian's), the folder to write (default: data/fashion-mnist-subset).
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Split } from '../src/data/dataset.ts';
import { debianFolder, readFashionMnist } from '../src/data/fashion-mnist.ts';
import { encodeIdx } from '../src/data/idx.ts';
import { checked } from '../src/data/reading.ts';
import { firstOfEachClass, selectImages } from '../src/data/select.ts';

const [source = debianFolder, target = 'data/fashion-mnist-subset'] = process.argv.slice(2);
const dataset = checked(await readFashionMnist(source));
const { classes, shape } = dataset;
const train = chosen(dataset.train, 1000);
const test = chosen(dataset.test, 200);

const images = ({ count, images: elements }: Split): Uint8Array =>
  encodeIdx({ sizes: [count, shape.height, shape.width], elements });
const labels = (split: Split): Uint8Array =>
  encodeIdx({ sizes: [split.count], elements: Uint8Array.from(split.labels) });
const contents: Readonly<Record<string, Uint8Array>> = {
  't10k-images-idx3-ubyte.gz': images(test),
  't10k-labels-idx1-ubyte.gz': labels(test),
  'train-images-idx3-ubyte.gz': images(train),
  'train-labels-idx1-ubyte.gz': labels(train),
};
const names = Object.keys(contents);
// zlib leaves the time of modification and the file name out of the header: equal content, equal bytes.
const files = Object.values(contents).map((content) => gzipSync(content, { level: 9, memLevel: 9 }));
const sources = await Promise.all(names.map((name) => readFile(join(source, name))));

await mkdir(target, { recursive: true });
await Promise.all(files.map((bytes, i) => writeFile(join(target, names[i] as string), bytes)));
await writeFile(join(target, 'SHA256SUMS'), checksums(files));
await writeFile(join(target, 'PROVENANCE.md'), provenance());
console.log(files.map((bytes, i) => `${names[i]} ${bytes.length} bytes`).join('\n'));

function chosen(split: Split, perClass: number): Split {
  return selectImages(split, firstOfEachClass(split.labels, perClass * classes.length));
}

function checksums(contents: readonly Uint8Array[]): string {
  const sum = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
  return contents.map((bytes, i) => `${sum(bytes)}  ${names[i]}\n`).join('');
}

function provenance(): string {
  return `# Provenance

A class-balanced subset of [Fashion-MNIST](https://github.com/zalandoresearch/fashion-mnist) (Han Xiao, Kashif
Rasul, Roland Vollgraf, arXiv 1708.07747; MIT licence, see LICENSE): ${train.count} training and ${test.count} test images,
${shape.width}×${shape.height}, grey, ${classes.length} classes (${classes.join(', ')}).

Chosen are the first ${train.count / classes.length} training and the first ${test.count / classes.length} test images of each class in the original order, which is
kept. The pixels are unchanged. Accuracies on these test images are not comparable with published ones, which are
measured on all ${dataset.test.count}; load \`fashion-mnist\` for those.

Written from Debian's package dataset-fashion-mnist (0.0~git20200523.55506a9-1) by

    npx tsc --noEmit false --outDir runs/embed && node runs/embed/scripts/embed-fashion-mnist.js

SHA-256 of the sources:

${checksums(sources).replace(/^/gm, '    ').trimEnd()}

SHA-256 of these files: SHA256SUMS (\`sha256sum -c SHA256SUMS\`). The same version of Node.js writes the same bytes;
another zlib may compress the same content differently.
`;
}
