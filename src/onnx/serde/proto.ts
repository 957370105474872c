/** ONNX's protobuf messages (onnx.proto3). The package is CommonJS, so only its default export exists in Node's ESM. */

import onnxProto from 'onnx-proto';

export { Reader, Writer } from 'protobufjs/minimal.js';

export const { onnx } = onnxProto;

/** The default domain has two names. */
export const isStandardDomain = (domain: string): boolean => domain === '' || domain === 'ai.onnx';

/** protobuf's wire type of messages, strings and bytes. */
export const lengthDelimited = 2;

/** The number of a model's field `graph` (onnx.proto3). */
export const graphField = 7;
