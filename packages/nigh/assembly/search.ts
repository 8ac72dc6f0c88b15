// The module of the kernels that searches use.

export { flatCells, flatPivots } from './cells'
export { flatMerge, flatSearch } from './flat-search'
export { flatPack, flatQueries } from './flat-pack'
export { treeFinish, treeHalve, treeLoad, treeTop } from './tree-build'
export { treeSearch } from './tree-search'
