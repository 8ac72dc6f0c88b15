// npm run test:spark: starts a Spark cluster on this machine's loopback, runs the tests that need one, and stops it.
// Arguments go to vitest.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { startCluster } from './cluster.mjs'

const began = Date.now()
const cluster = await startCluster({ brief: true })
console.log(`Spark listens at ${cluster.url} after ${Math.round((Date.now() - began) / 1000)} s`)
const vitest = fileURLToPath(new URL('../../../node_modules/vitest/vitest.mjs', import.meta.url))
const config = fileURLToPath(new URL('./vitest.config.ts', import.meta.url))
const tests = spawn(process.execPath, [vitest, 'run', '--config', config, ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: {
    ...process.env,
    NIGH_SPARK_URL: cluster.url,
    NIGH_SPARK_TOKEN: cluster.token,
    NIGH_SPARK_WORKERS: cluster.workers.join(','),
  },
})
const end = async (code) => {
  tests.kill('SIGTERM')
  await cluster.stop()
  process.exit(code)
}
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
]) {
  process.removeAllListeners(signal)
  process.once(signal, () => end(code))
}
tests.once('exit', (code) => end(code ?? 1))
