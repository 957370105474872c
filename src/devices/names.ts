/** The devices that onnxruntime computes on: its providers. */
export const deviceNames = ['cpu', 'cuda', 'webgpu'] as const;
export type DeviceName = (typeof deviceNames)[number];

/** Those that may be missing. */
export type GpuDevice = Exclude<DeviceName, 'cpu'>;
