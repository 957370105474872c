/** What lies beside a model NAME.onnx: its card, NAME.md, and the folder of images to try it on. */
import { dirname, extname, join } from 'node:path';

export const cardPath = (onnx: string): string => `${onnx.slice(0, -extname(onnx).length)}.md`;

export const samplesFolder = (onnx: string): string => join(dirname(onnx), 'samples');
