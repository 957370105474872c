import { defineConfig } from 'vitest/config';

/** Tests that change what belongs to the process: mocked modules, the environment, drivers that stay loaded. */
const isolated = 'test/**/*.isolated.test.ts';

export default defineConfig({
  test: {
    globalSetup: 'test/temporary-folder.ts',
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // onnxruntime uses threads of its own; more than one worker a core only makes them wait for one another.
    pool: 'forks',
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          name: 'shared',
          include: ['test/**/*.test.ts'],
          exclude: [isolated],
          // One process for many files: TensorFlow.js and the sources are loaded, and compiled by V8, once.
          isolate: false,
        },
      },
      { extends: true, test: { name: 'isolated', include: [isolated] } },
    ],
  },
});
