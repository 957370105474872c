import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // onnxruntime uses threads of its own; more than one worker a core only makes them wait for one another.
    pool: 'forks',
    maxWorkers: 2,
  },
});
