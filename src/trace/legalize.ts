/** What a device still asks of a graph once all passes are done. */
import { boolsAsNumbers, identity, limitOutputs, type Pass } from '../onnx/passes/index.ts';
import type { Device } from './device.ts';

/** The passes for what the device lacks, in order. */
export const legalize =
  ({ movesBools, outputs }: Pick<Device, 'movesBools' | 'outputs'>): Pass =>
  (graph) =>
    limitOutputs(outputs)(movesBools ? graph : identity(boolsAsNumbers(graph)));
