/** Serving ONNX models over HTTP, by the Open Inference Protocol (version 2). */

export type { ModelConfig } from './models/config.ts';
export { type ServeOptions, type Server, serve } from './server.ts';
