import { DuckDBInstance } from '@duckdb/node-api'
import type { DuckDBConnection } from '@duckdb/node-api'
import type { Source } from './source.ts'

/** A DuckDB that can see one file: no network, no extensions, no other path, and no way to change that. */
export interface Sandbox {
  readonly connection: DuckDBConnection
  close(): void
}

/**
 * Opens a {@link Sandbox} for one file. Cost: about 20 ms.
 *
 * @param bounded whether DuckDB must keep its own memory small: for files larger than memory
 */
export async function openSandbox(
  source: Source,
  threads: number,
  bounded: boolean = false,
): Promise<Sandbox> {
  const instance = await DuckDBInstance.create(':memory:', {
    threads: String(threads),
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    allow_community_extensions: 'false',
    ...(bounded ? { memory_limit: '600MB', enable_external_file_cache: 'false' } : {}),
  })
  const connection = await instance.connect()
  await connection.run(
    `SET allowed_paths = [${quote(source.path)}]; SET enable_external_access = false; SET lock_configuration = true`,
  )
  const close = (): void => {
    connection.closeSync()
    instance.closeSync()
  }
  return { connection, close }
}

/** An SQL text literal. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

/** An SQL identifier. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
