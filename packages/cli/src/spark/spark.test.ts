import { InputError } from 'nigh'
import { describe, expect, it } from 'vitest'
import { Run } from '../run.ts'
import { isRemote } from './data.ts'
import { onlyEuclidean } from './neighbors.ts'
import { onSpark, refuseFlags } from './session.ts'

const run = (): Run => new Run('kmeans', new AbortController().signal, { quiet: true }, false)

async function refused(work: Promise<void>): Promise<string> {
  const error: unknown = await work.catch((caught: unknown) => caught)
  expect(error).toBeInstanceOf(InputError)
  return error instanceof InputError ? error.message : ''
}

describe('--spark', () => {
  it('says how to get the package where it is missing', async () => {
    const missing = Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' })
    const message = await refused(
      onSpark(
        { spark: 'sc://localhost' },
        run(),
        async () => {},
        async () => {
          throw missing
        },
      ),
    )
    expect(message).toContain('npm install @nigh/spark')
  })

  it('sends no token over plaintext to another machine', async () => {
    const message = await refused(
      onSpark(
        { spark: 'sc://example.org:15002/;use_ssl=false', sparkToken: 'secret' },
        run(),
        async () => {},
      ),
    )
    expect(message).toMatch(/token/)
    expect(message).not.toContain('secret')
  })

  it('refuses what is not an address', async () => {
    expect(await refused(onSpark({ spark: 'http://localhost' }, run(), async () => {}))).toContain('sc://')
  })

  it('tells addresses of the cluster from files of this machine', () => {
    for (const name of ['s3a://bucket/rows', 'file:///data/rows', 'hdfs:/rows', 'table:sales.orders'])
      expect(isRemote(name), name).toBe(true)
    for (const name of ['rows.csv', './a:b.csv', '/data/rows.parquet', 'C:\\rows.csv', '-'])
      expect(isRemote(name), name).toBe(false)
  })

  it('refuses options that need all rows here', () => {
    expect(() => refuseFlags({ cv: 5 }, { cv: 'because' })).toThrow(
      '--cv "5" does not go with --spark: because',
    )
    expect(() => refuseFlags({ cv: undefined }, { cv: 'because' })).not.toThrow()
    expect(() => onlyEuclidean('cosine')).toThrow('--metric cosine does not go with --spark')
  })
})
