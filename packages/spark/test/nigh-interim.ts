export * from '../../nigh/src/check.ts'
export * from '../../nigh/src/data/matrix.ts'
