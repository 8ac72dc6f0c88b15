import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

/** The tests that need a running Spark; `test/run.mjs` starts one and sets where it is. */
export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: {
    include: ['src/**/*.spark.test.ts', 'test/**/*.spark.test.ts'],
    testTimeout: 300_000,
    hookTimeout: 300_000,
    fileParallelism: false,
  },
})
