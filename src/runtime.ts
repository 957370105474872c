/** onnxruntime, which keeps to itself what it runs. */
import './telemetry.ts';

export * from 'onnxruntime-node';
