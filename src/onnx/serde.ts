/**
 * ONNX files: graphs to bytes and back, and what a file says about itself. The folder `serde/` behind this file is
 * the only place that knows protobuf.
 */

export { deserialize } from './serde/decode.ts';
export { type SerializeOptions, serialize, serializeAlternatives } from './serde/encode.ts';
export { type ModelInfo, readModelInfo, type TensorInfo } from './serde/info.ts';
