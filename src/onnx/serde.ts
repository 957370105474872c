/**
 * ONNX files: graphs to bytes, and what a file says about itself. The folder `serde/` behind this file is
 * the only place that knows protobuf.
 */

export {
  joinAlternatives,
  type SerializeOptions,
  serialize,
  serializeAlternative,
} from './serde/encode.ts';
export { type ModelInfo, readModelInfo } from './serde/info.ts';
