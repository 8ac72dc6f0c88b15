import { fitModule } from './fit.bytes.ts'
import type { KernelKit } from './kit.ts'
import { scalarKernels } from './scalar.ts'

/** The kernels of fits: K-Means, its seeding and its predictions. */
export const fitKit: KernelKit = {
  module: fitModule,
  names: ['ranges', 'centre', 'narrow', 'assign', 'residuals', 'distances', 'hash', 'seed'],
  scalar: scalarKernels,
}
