/** Serving exported models over HTTP, by the Open Inference Protocol (version 2). */

export { type AppOptions, createApp } from './app.ts';
export type { Label } from './classifier.ts';
export { loadModel, type Model } from './model.ts';
export { findModels, type ModelFile } from './repository.ts';
export { type ServeOptions, type Server, serve } from './server.ts';
export { openSession, type Session } from './session.ts';
export type { NamedTensors, Tensor, TensorSignature } from './tensor.ts';
