// The module of the kernels that fits use.

export { assign } from './assign'
export { ranges, centre, narrow, residuals, distances } from './rows'
export { hash } from './hash'
export { seed } from './seed'
