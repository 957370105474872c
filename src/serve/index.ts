/** Serving ONNX models over HTTP, by the Open Inference Protocol (version 2). */

export { type AppOptions, appDefaults, createApp } from './app.ts';
export type { InferOptions, Session } from './batching/scheduler.ts';
export { serveDefaults } from './defaults.ts';
export type { Label } from './models/classifier.ts';
export { configDefaults, type ModelConfig, parseConfig } from './models/config.ts';
export { loadModel, type Model } from './models/model.ts';
export { openRegistry, type Registry } from './models/registry.ts';
export { type FoundModel, findModels } from './models/repository.ts';
export { type ServeOptions, type Server, serve } from './server.ts';
export type { NamedTensors, Tensor, TensorSignature } from './tensor.ts';
export { type Device, devices } from './workers/messages.ts';
