import { setFlagsFromString } from 'node:v8'
import { expect, test } from 'vitest'
import { kernelContract } from './kernels.contract.ts'

// Node 20 has relaxed SIMD behind this flag; it must be set before anything is compiled.
setFlagsFromString('--experimental-wasm-relaxed-simd')
const { availableKernels, bindKernels } = await import('./simd.ts')
const { fitKit } = await import('./fit-kit.ts')

test('all kernel sets run here', () => {
  expect(availableKernels()).toEqual(['relaxed', 'simd', 'scalar'])
})

for (const set of ['simd', 'relaxed'] as const) {
  kernelContract(
    set,
    (memory) => bindKernels(set, memory, [fitKit]),
    (memory) => bindKernels('scalar', memory, [fitKit]),
  )
}
