/** The formats that images may have. sharp reads more (SVG, TIFF, …); none of their risks is wanted. */
import { extname } from 'node:path';

export interface ImageFormat {
  readonly name: string;
  readonly mediaType: string;
  /** Of file names, in lower case, with the dot. */
  readonly extensions: readonly string[];
  /** The first bytes of a file; null for one that may be any. */
  readonly signature: readonly (number | null)[];
}

const ascii = (text: string): number[] => [...text].map((letter) => letter.charCodeAt(0));

export const imageFormats: readonly ImageFormat[] = [
  {
    name: 'PNG',
    mediaType: 'image/png',
    extensions: ['.png'],
    signature: [0x89, ...ascii('PNG\r\n'), 0x1a, 0x0a],
  },
  {
    name: 'JPEG',
    mediaType: 'image/jpeg',
    extensions: ['.jpg', '.jpeg', '.jpe', '.jfif'],
    signature: [0xff, 0xd8, 0xff],
  },
  {
    name: 'WebP',
    mediaType: 'image/webp',
    extensions: ['.webp'],
    signature: [...ascii('RIFF'), null, null, null, null, ...ascii('WEBP')],
  },
];

/** For messages: `PNG, JPEG or WebP`. */
export const imageFormatNames = new Intl.ListFormat('en-GB', { type: 'disjunction' }).format(
  imageFormats.map(({ name }) => name),
);

/** Whether bytes begin as a file of one of the formats does. */
export const isOfImageFormat = (bytes: Uint8Array): boolean =>
  imageFormats.some(({ signature }) => signature.every((byte, i) => byte === null || bytes[i] === byte));

/** The media type that the name of a file promises; undefined where it is that of no image. */
export function imageMediaType(file: string): string | undefined {
  const extension = extname(file).toLowerCase();
  return imageFormats.find(({ extensions }) => extensions.includes(extension))?.mediaType;
}
