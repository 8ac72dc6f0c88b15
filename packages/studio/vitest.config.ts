import { defineConfig } from 'vitest/config'

// The studio in a real Chromium: run by `npm run test:studio`, which builds the site first.
export default defineConfig({
  root: import.meta.dirname,
  test: {
    include: ['test/**/*.browser.test.ts'],
    // Guards against hanging: a shared machine may be slow.
    testTimeout: 300_000,
    hookTimeout: 120_000,
    // One after the other: figures are measured, and browsers are heavy.
    fileParallelism: false,
  },
})
