// Where the worker begins. What it does stands in modules of their own, which nobody loads but by `import()`: WebKit
// gives modules that import the script a worker began with another copy of it, with another table.

import type { FromWorker, ToWorker } from './tasks.ts'

const serving = import('./serving.ts')

globalThis.addEventListener('message', ({ data }: MessageEvent<ToWorker>) => {
  serving.then(
    ({ hear }) => hear(data),
    () => {
      const failed: FromWorker = {
        type: 'failed',
        id: data.id,
        message: 'A part of the page could not be loaded. Reload while you are online.',
        expected: true,
      }
      globalThis.postMessage(failed)
    },
  )
})
