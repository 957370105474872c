/** The requests of the comparison: the same images as JSON, as binary tensors and as PNG files, for either server. */
import sharp from 'sharp';
import type { ImageShape } from '../../src/data/index.ts';
import { random } from '../../src/random.ts';

export const bodyKinds = ['json', 'binary', 'png'] as const;
export type BodyKind = (typeof bodyKinds)[number];

export interface Message {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** An image and its pixels in [0, 1] as the model takes them, [channels, height, width]. */
export interface Sample {
  readonly tensor: Float32Array;
  readonly png: Buffer;
}

/** Smooth random images, so that their PNG files are as large as those of photographs rather than of noise. */
export async function samplesOf(shape: ImageShape, count: number): Promise<Sample[]> {
  const { channels, height, width } = shape;
  const generator = random(5, 'samples');
  return Promise.all(
    Array.from({ length: count }, async (): Promise<Sample> => {
      const coarse = Uint8Array.from({ length: channels * 49 }, () => generator.integer(256));
      const raw = { width: 7, height: 7, channels: channels as 1 | 3 };
      const image = sharp(coarse, { raw }).resize(width, height, { fit: 'fill', kernel: 'cubic' });
      const space = channels === 1 ? 'b-w' : 'srgb';
      const pixels = await image.clone().toColourspace(space).raw().toBuffer();
      const plane = height * width;
      const tensor = Float32Array.from(
        { length: channels * plane },
        (_, i) => (pixels[(i % plane) * channels + Math.floor(i / plane)] as number) / 255,
      );
      const png = await sharp(pixels, { raw: { width, height, channels: channels as 1 | 3 } })
        .toColourspace(space)
        .png()
        .toBuffer();
      return { tensor, png };
    }),
  );
}

const bytesOf = (array: Float32Array): Buffer =>
  Buffer.from(array.buffer, array.byteOffset, array.byteLength);

const json = { 'content-type': 'application/json' };
const octets = { 'content-type': 'application/octet-stream' };
const pngType = { 'content-type': 'image/png' };

const description = (shape: ImageShape) => ({
  name: 'image',
  datatype: 'FP32',
  shape: [1, shape.channels, shape.height, shape.width],
});

const inferBody = ({ tensor }: Sample, shape: ImageShape): Buffer =>
  Buffer.from(JSON.stringify({ inputs: [{ ...description(shape), data: Array.from(tensor) }] }));

/** The binary extension as Triton's client writes it: JSON, then the tensor; the answer in binary too. */
function binaryInfer({ tensor }: Sample, shape: ImageShape): { header: string; body: Buffer } {
  const blob = bytesOf(tensor);
  const head = Buffer.from(
    JSON.stringify({
      parameters: { binary_data_output: true },
      inputs: [{ ...description(shape), parameters: { binary_data_size: blob.length } }],
    }),
  );
  return { header: String(head.length), body: Buffer.concat([head, blob]) };
}

type Messages = Readonly<Record<BodyKind, (sample: Sample, shape: ImageShape, model: string) => Message>>;

export const nasMessages: Messages = {
  json: (sample, shape, model) => ({
    path: `/v2/models/${model}/infer`,
    headers: json,
    body: inferBody(sample, shape),
  }),
  binary: (sample, shape, model) => {
    const { header, body } = binaryInfer(sample, shape);
    const headers = { ...octets, 'inference-header-content-length': header };
    return { path: `/v2/models/${model}/infer`, headers, body };
  },
  png: ({ png }, _shape, model) => ({
    path: `/v2/models/${model}/classify`,
    headers: pngType,
    body: png,
  }),
};

export const fastapiMessages: Messages = {
  json: (sample, shape) => ({ path: '/json', headers: json, body: inferBody(sample, shape) }),
  binary: ({ tensor }) => ({ path: '/binary', headers: octets, body: bytesOf(tensor) }),
  png: ({ png }) => ({ path: '/image', headers: pngType, body: png }),
};

/** A whole request as it goes over the wire. */
export function wireOf({ path, headers, body }: Message): Buffer {
  const lines = [
    `POST ${path} HTTP/1.1`,
    'host: 127.0.0.1',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    `content-length: ${body.length}`,
  ];
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), body]);
}

/** What an answer says: the logits, or the most probable label's index and probability. */
export type Said =
  | { readonly logits: readonly number[] }
  | { readonly index: number; readonly probability: number };

/** Reads an answer of either server. */
export function readAnswer(kind: BodyKind, headers: Headers, bytes: Buffer): Said {
  if (kind === 'binary') {
    const start = Number(headers.get('inference-header-content-length') ?? 0);
    const values = bytes.subarray(start);
    return { logits: Array.from({ length: values.length / 4 }, (_, i) => values.readFloatLE(4 * i)) };
  }
  const answer = JSON.parse(bytes.toString()) as {
    outputs?: [{ data: number[] }];
    labels?: [{ index: number; probability: number }];
  };
  const best = answer.labels?.[0];
  return best
    ? { index: best.index, probability: best.probability }
    : { logits: answer.outputs?.[0].data.flat() ?? [] };
}
