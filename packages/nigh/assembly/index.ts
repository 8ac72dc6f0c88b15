export { assign } from './assign'
export { ranges, centre, residuals, distances } from './rows'
export { hash, seed } from './seed'
