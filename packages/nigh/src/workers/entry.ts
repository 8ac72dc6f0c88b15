// What a worker runs, in Node and in the browser: it waits for messages and serves them.

import { listen } from './spawn.ts'
import { serve } from './serve.ts'

await listen(serve)
