import { defineConfig } from 'vitest/config'

// Unit tests run on the sources; tests that need threads or files import the built packages by name, so `npm test`
// builds first (tools/setup.mjs).
export default defineConfig({
  test: {
    include: [
      'packages/*/{src,test,fixtures}/**/*.test.ts',
      'tools/**/*.test.ts',
      'examples/**/*.test.ts',
      'bench/**/*.test.{ts,mjs}',
      'docs/**/*.test.ts',
    ],
    exclude: [
      '**/node_modules/**',
      '**/dist/**',
      '**/*.spark.test.ts',
      '**/*.browser.test.ts',
      '**/*.slow.test.ts',
    ],
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
})
