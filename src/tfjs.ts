/**
 * TensorFlow.js. It is required, not imported: for an import Node searches the text of a CommonJS file for what it
 * exports, which takes a quarter of a second for these 1.3 MB.
 */
import { createRequire } from 'node:module';
import type * as tfjs from '@tensorflow/tfjs';

export const tf: typeof tfjs = createRequire(import.meta.url)('@tensorflow/tfjs');
