import type { KernelKit } from './kit.ts'
import { scalarNearKernels } from './scalar-near.ts'
import { searchModule } from './search.bytes.ts'

/** The kernels of searches: neighbours by a scan or a tree. */
export const searchKit: KernelKit = {
  module: searchModule,
  names: [
    'flatPack',
    'flatPivots',
    'flatCells',
    'flatQueries',
    'flatSearch',
    'flatMerge',
    'treeLoad',
    'treeHalve',
    'treeFinish',
    'treeTop',
    'treeSearch',
  ],
  scalar: scalarNearKernels,
}
