import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { cellOf, InputError } from 'nigh'
import type { Cell } from 'nigh'
import { afterAll, describe, expect, test } from 'vitest'
import type { ReadOptions } from './options.ts'
import { readTable } from './read.ts'

const folder = mkdtempSync(join(tmpdir(), 'nigh-csv-'))
afterAll(() => rmSync(folder, { recursive: true }))

let count = 0
function file(contents: string | Uint8Array, name = `t${count++}.csv`): string {
  const path = join(folder, name)
  writeFileSync(path, contents)
  return path
}

async function cells(
  contents: string | Uint8Array,
  options: ReadOptions = {},
  name?: string,
): Promise<Cell[][]> {
  const { table } = await readTable(file(contents, name), options)
  return table.columns.map((column) => Array.from({ length: table.rows }, (_, i) => cellOf(column, i)))
}

/** The refusal's code and message without the folder. */
async function refusal(contents: string | Uint8Array, options: ReadOptions = {}): Promise<string> {
  try {
    await cells(contents, options)
  } catch (error) {
    if (error instanceof InputError)
      return `${error.code} ${error.message.replace(/^\S*?(?=t\d+\.csv)t\d+\.csv: /, '')}`
    throw error
  }
  return 'not refused'
}

describe('what a CSV file says', () => {
  test('numbers, text, booleans, dates and missing cells', async () => {
    const { table } = await readTable(
      file('x,who,ok,day\n1.5,ann,true,2024-02-29\n-2e3,"b, c",FALSE,2024-03-01T10:30:00+01:00\nNA,,,\n'),
      {},
    )
    expect(table.columns.map(({ name, type }) => `${name} ${type}`)).toEqual([
      'x number',
      'who text',
      'ok boolean',
      'day date',
    ])
    expect(table.toRows()).toEqual([
      { x: 1.5, who: 'ann', ok: true, day: new Date('2024-02-29T00:00Z') },
      { x: -2000, who: 'b, c', ok: false, day: new Date('2024-03-01T09:30Z') },
      { x: null, who: null, ok: null, day: null },
    ])
  })

  test.each([
    ['comma', 'a,b\n1,2\n3,4\n'],
    ['semicolon', 'a;b\n1;2\n3;4\n'],
    ['tab', 'a\tb\n1\t2\n3\t4\n'],
    ['bar', 'a|b\n1|2\n3|4\n'],
    ['CRLF', 'a,b\r\n1,2\r\n3,4\r\n'],
    ['bare CR', 'a,b\r1,2\r3,4\r'],
    ['no final newline', 'a,b\n1,2\n3,4'],
    ['no final newline, CRLF', 'a,b\r\n1,2\r\n3,4'],
    ['blank lines', 'a,b\n1,2\n\n3,4\n\n\n'],
    ['a UTF-8 mark', '\ufeffa,b\n1,2\n3,4\n'],
    ['a UTF-8 mark and quoted names', '\ufeff"a","b"\n1,2\n3,4\n'],
    ['a UTF-8 mark, CRLF', '\ufeffa;b\r\n1;2\r\n3;4\r\n'],
    ['quoted numbers', '"a","b"\n"1","2"\n3,4\n'],
    ['blanks around numbers', 'a,b\n 1 ,2\n3, 4\n'],
  ])('%s', async (_, contents) => {
    expect(await cells(contents)).toEqual([
      [1, 3],
      [2, 4],
    ])
    const [{ name }] = (await readTable(file(contents), {})).table.columns
    expect(name).toBe('a')
  })

  test('UTF-16 by its mark, Latin-1 by its option, gzip by its bytes', async () => {
    const text = 'näme,b\nä,2\nö,4\n'
    const expected = [
      ['ä', 'ö'],
      [2, 4],
    ]
    expect(await cells(Buffer.from(`\ufeff${text}`, 'utf16le'))).toEqual(expected)
    expect(await cells(Buffer.from(`\ufeff${text}`, 'utf16le').swap16())).toEqual(expected)
    expect(await cells(Buffer.from(text, 'latin1'), { encoding: 'latin1' })).toEqual(expected)
    expect(await cells(gzipSync(text))).toEqual(expected)
    expect(await cells(gzipSync(Buffer.from(`\ufeff${text}`, 'utf16le')))).toEqual(expected)
  })

  test('quoted line ends, marks and separators are part of the cell', async () => {
    expect(await cells('a,b\n"x\n""y"", z",1\n"",2\n')).toEqual([
      ['x\n"y", z', null],
      [1, 2],
    ])
  })

  test.each([
    ['1e5', 100000],
    ['.5', 0.5],
    ['5.', 5],
    ['+5', 5],
    ['-0', -0],
    ['00012', 12],
    ['1e-400', 0],
    ['0.1', 0.1],
    ['9007199254740994', 2 ** 53 + 2],
    ['2.2250738585072014e-308', 2 ** -1022],
  ])('the number %s', async (text, value) => {
    expect(await cells(`x,y\n${text},1\n2,1\n`)).toEqual([
      [value, 2],
      [1, 1],
    ])
  })

  test('decimal commas, where nothing else is possible or the option says so', async () => {
    expect(await cells('a;b\n1,5;x\n2,25;y\n')).toEqual([
      [1.5, 2.25],
      ['x', 'y'],
    ])
    expect(await cells('a,b\n"1,5",x\n"2",y\n')).toEqual([
      [1.5, 2],
      ['x', 'y'],
    ])
    expect(await cells('a;b\n1,500;x\n', { decimal: ',' })).toEqual([[1.5], ['x']])
    expect(await cells('a;b\n1.234.567,5;x\n12;y\n', { decimal: ',', thousands: '.' })).toEqual([
      [1234567.5, 12],
      ['x', 'y'],
    ])
    expect(await cells('a,b\n"1,234.5",x\n12,y\n', { thousands: ',' })).toEqual([
      [1234.5, 12],
      ['x', 'y'],
    ])
  })

  test('missing marks are the documented ones, or those that are set', async () => {
    const all =
      'x,n\n1,1\n' +
      ['NA', 'N/A', 'n/a', 'NaN', 'nan', 'NULL', 'null', 'None', ''].map((mark) => `${mark},2\n`).join('')
    expect((await cells(all))[0]).toEqual([1, null, null, null, null, null, null, null, null, null])
    expect(await cells('x,n\n1,1\n-,2\n', { missingMarks: ['-'] })).toEqual([
      [1, null],
      [1, 2],
    ])
    expect(await cells('country,n\nNA,1\nDE,2\n', { missingMarks: [] })).toEqual([
      ['NA', 'DE'],
      [1, 2],
    ])
  })

  test('text stays text: a few numbers among words, or the option', async () => {
    expect(await cells('x,n\na,1\nb,2\n7,3\n')).toEqual([
      ['a', 'b', '7'],
      [1, 2, 3],
    ])
    expect(await cells('zip,n\n01234,1\n99999,2\n', { text: ['zip'] })).toEqual([
      ['01234', '99999'],
      [1, 2],
    ])
    expect(await cells('d,n\n2024-02-30,1\nx,2\n')).toEqual([
      ['2024-02-30', 'x'],
      [1, 2],
    ])
  })

  test('a file without a header', async () => {
    const { table } = await readTable(file('1,2\n3,4\n'), { header: false })
    expect(table.names).toEqual(['column 1', 'column 2'])
    expect(table.rows).toBe(2)
    expect(await cells('\ufeff1,2\n3,4', { header: false })).toEqual([
      [1, 3],
      [2, 4],
    ])
    expect(await refusal('1_000,2\n3,4\n5,6\n', { header: false })).toMatch(
      /^E_CSV line 1, column "column 1": "1_000" is not a number/,
    )
  })

  test('names are data', async () => {
    const long = 'n'.repeat(10_000)
    const names = [
      '__proto__',
      'constructor',
      '"; DROP TABLE',
      'line\nend',
      '\u202eevil',
      '=HYPERLINK("x")',
      long,
    ]
    const header = names.map((name) => `"${name.replaceAll('"', '""')}"`).join(',')
    const { table } = await readTable(file(`${header}\n1,2,3,4,5,6,7\n`), {})
    expect(table.names).toEqual(names)
    expect(table.columns.map(({ values }) => values[0])).toEqual([1, 2, 3, 4, 5, 6, 7])
    expect(Object.prototype).not.toHaveProperty('1')
  })

  test('a blank name is given one, aloud', async () => {
    const { table, warnings } = await readTable(file(',b\n1,2\n'), {})
    expect(table.names).toEqual(['column 1', 'b'])
    expect(warnings.map(({ code }) => code)).toEqual(['W_NAME'])
  })

  test('long whole numbers are rounded aloud', async () => {
    const { warnings } = await readTable(file('id,x\n9007199254740993,1\n2,1e300\n'), {})
    expect(warnings.map(({ code }) => code)).toEqual(['W_ROUNDED'])
  })

  test('only the wanted columns', async () => {
    const { table } = await readTable(file('a,b,c\n1,x,3\n'), { only: ['c', 'a'] })
    expect(table.names).toEqual(['a', 'c'])
  })

  test('wide files and long cells', async () => {
    const wide = Array.from({ length: 5000 }, (_, j) => `c${j}`)
    const { table } = await readTable(file(`${wide.join(',')}\n${wide.map((_, j) => j).join(',')}\n`), {})
    expect(table.columns.length).toBe(5000)
    expect(table.columns[4999].values[0]).toBe(4999)
    const long = 'x'.repeat(5_000_000)
    expect(await cells(`a,b\n${long},1\ny,2\n`)).toEqual([
      [long, 'y'],
      [1, 2],
    ])
  })

  test('any table of text comes back as it was written', async () => {
    const cell = fc
      .string({ unit: 'grapheme', maxLength: 8 })
      .filter((text) => !text.includes('\0') && !text.includes('\r'))
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 20 }), async (rows) => {
        const text = rows
          .map((row) => row.map((one) => `"${one.replaceAll('"', '""')}"`).join(','))
          .join('\n')
        const found = await cells(`"first","second"\n${text}\n`, {
          text: ['first', 'second'],
          missingMarks: [],
        })
        expect(found).toEqual([0, 1].map((j) => rows.map((row) => (row[j] === '' ? null : row[j]))))
      }),
      { numRuns: 25 },
    )
  })
})

/** RFC 4180 to the letter, with one kind of line end: undefined where the text is anything else. */
function strictRecords(text: string): string[][] | undefined {
  const records: string[][] = []
  let end: string | undefined
  let rest = text
  while (rest !== '') {
    const record: string[] = []
    for (;;) {
      const cell = /^"((?:[^"]|"")*)"(?=[,\r\n]|$)|^[^",\r\n]*(?=[,\r\n]|$)/.exec(rest)
      if (cell === null) return undefined
      record.push(cell[1] === undefined ? cell[0] : cell[1].replaceAll('""', '"'))
      rest = rest.slice(cell[0].length)
      if (!rest.startsWith(',')) break
      rest = rest.slice(1)
    }
    const found = /^(?:\r\n|\r|\n)/.exec(rest)?.[0]
    if (found !== undefined) {
      end ??= found
      if (found !== end) return undefined
      rest = rest.slice(found.length)
    }
    records.push(record)
  }
  return records
}

test('what is read is what RFC 4180 says, and everything else is refused', async () => {
  const quoted = ['"a,b"', '"say ""hi"""', '"l\nm"', '""', '"\n"']
  const cell = fc.constantFrom('a', 'b b', '1', '', 'é', ' x ', 'y;z', ...quoted)
  const change = fc.option(fc.tuple(fc.nat(60), fc.constantFrom(',', '"', '\n', '\r', 'z', '')), {
    nil: undefined,
  })
  const rows = fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 5 })
  await fc.assert(
    fc.asyncProperty(rows, fc.constantFrom('\n', '\r\n', '\r'), change, async (records, end, changed) => {
      const lines = records.map((record) => record.join(',').replaceAll('\n', end))
      let text = `h,k${end}${lines.join(end)}`
      if (changed !== undefined) {
        const at = 4 + (changed[0] % Math.max(1, text.length - 4))
        text = text.slice(0, at) + changed[1] + text.slice(at + 1)
      }
      const strict = strictRecords(text)?.filter((record) => record.length > 1 || record[0] !== '')
      const sound = strict !== undefined && strict.length > 1 && strict.every((record) => record.length === 2)
      const options = { delimiter: ',', text: ['h', 'k'], missingMarks: [] }
      if (!sound) {
        expect(await refusal(text, options)).toMatch(/^E_(CSV|EMPTY|FEATURES) /)
        return
      }
      const body = strict.slice(1)
      expect(await cells(text, options)).toEqual([0, 1].map((j) => body.map((record) => record[j] || null)))
    }),
    { numRuns: 150, seed: 0 },
  )
})

describe('what is refused, and how', () => {
  test('text in row 30,001 of a numeric column', async () => {
    const lines = Array.from({ length: 30_010 }, (_, i) => `${i},${i === 30_000 ? 'oops' : i / 4}`)
    expect(await refusal(`id,weight\n${lines.join('\n')}\n`)).toBe(
      'E_CSV line 30002, column "weight": "oops" is not a number, but 30009 of the 30010 cells of this column are; ' +
        'set --missing-marks "oops" if that means a missing value, or --text "weight" to read the column as text',
    )
  })

  test('the line is counted through quoted line ends and blank lines', async () => {
    expect(await refusal('a,b\n"x\ny",1\n\n"z",2\nw,three\n')).toMatch(
      /^E_CSV line 6, column "b": "three" is not a number/,
    )
  })

  test.each([
    ['too few cells', 'a,b\n1,2\n3\n', 'E_CSV line 3: 1 cell, but the header has 2'],
    ['too many cells', 'a,b\n1,2\n3,4,5\n', 'E_CSV line 3: 3 cells, but the header has 2'],
    ['an empty cell too many', 'a,b\n1,2,\n3,4\n', 'E_CSV line 2: 3 cells, but the header has 2'],
    ['an empty cell too many at the end', 'a,b\n1,2\n3,4,', 'E_CSV line 3: 3 cells, but the header has 2'],
    ['an empty cell too many, CRLF', 'a,b\r\n1,2,\r\n3,4\r\n', 'E_CSV line 2: 3 cells, but the header has 2'],
    [
      'an open quotation',
      'a,b\n1,2\n"3,4\n5,6\n',
      'E_CSV line 3: the quotation that opens here is never closed',
    ],
    [
      'a quotation mark inside',
      'a,b\n1,x"y\n',
      'E_CSV line 2: cell 2 has a quotation mark inside, but does not begin with one',
    ],
    [
      'text after a quotation',
      'a,b\n1,"x"y\n',
      'E_CSV line 2: cell 2 goes on after its closing quotation mark',
    ],
    [
      'blanks before a quotation',
      'a,b\n1, "x"\n',
      'E_CSV line 2: cell 2 has a quotation mark inside, but does not begin with one',
    ],
    [
      'two kinds of line end',
      'a,b\r\n1,2\n3,4\r\n',
      'E_CSV line 2: this line ends in LF, the lines before it in CRLF; save the file with one kind of line end',
    ],
    ['a NUL', 'a,b\n1,2\0\n', 'E_CSV byte 7 (line 2) is a NUL: this is not a text file'],
    ['only a header', 'a,b\n', 'E_EMPTY the file has a header but no rows'],
    ['nothing', '', 'E_EMPTY the file is empty'],
    ['only blank lines', '\n\n', 'E_EMPTY the file is empty'],
    ['equal names', 'a,b,a\n1,2,3\n', 'E_CSV columns 1 and 3 are both named "a"; names must differ'],
    [
      'data for a header',
      '1,2\n3,4\n',
      'E_CSV the first line ("1 2") holds numbers, not names; set --no-header if it is data',
    ],
    [
      'two dialects',
      'a;b,c\n1;2,3\n',
      'E_CSV the cells may be separated by commas or by semicolons; set --delimiter "," or --delimiter ";"',
    ],
    [
      '1e400',
      'x,y\n1e400,1\n2,2\n',
      'E_NONFINITE line 2, column "x": "1e400" is beyond the largest number, 1.8e308',
    ],
    [
      'a blank line in one column',
      'a\n1\n\n3\n',
      'E_CSV line 3: a blank line in a file of one column: write NA if it is a missing value, or remove it',
    ],
  ])('%s', async (_, contents, message) => {
    expect(await refusal(contents)).toBe(message)
  })

  test('bytes that are not UTF-8', async () => {
    const bytes = Buffer.concat([Buffer.from('a,b\n1,2\nx'), Buffer.from([0xe4]), Buffer.from(',3\n')])
    expect(await refusal(bytes)).toBe(
      'E_CSV line 3, byte 9 (0xe4) is not valid UTF-8; set --encoding latin1 if the file is in Latin-1',
    )
    expect(await refusal(Buffer.concat([Buffer.from('a,b\n1,2\n3,'), Buffer.from([0xe2, 0x82])]))).toMatch(
      /^E_CSV line 3, byte 10 /,
    )
  })

  test.each([
    ['1_000', 'set --thousands "_"'],
    ['"1,000"', 'set --thousands ","'],
    ["1'000", 'set --thousands "\'"'],
    ['0x10', 'mend the cell'],
    ['inf', '--missing-marks "inf"'],
    ['Infinity', '--missing-marks'],
    ['∞', '--missing-marks "∞"'],
    ['-', '--missing-marks "-"'],
    ['５', 'write it as "5"'],
    ['+-5', 'mend the cell'],
    ['1.5_0', 'mend the cell'],
    ['"1,5"', 'set --decimal ","'],
  ])('%s among numbers', async (cell, advice) => {
    const message = await refusal(`x,y\n1.5,1\n2.5,1\n${cell},1\n`)
    expect(message).toMatch(
      /^E_CSV line 4, column "x": .* is not a number, but 2 of the 3 cells of this column are; /,
    )
    expect(message).toContain(advice)
  })

  test('a number with a comma and three digits', async () => {
    expect(await refusal('x;y\n1,500;1\n2;1\n')).toBe(
      'E_CSV line 2, column "x": "1,500" may be a number with a decimal comma or one with separated thousands; ' +
        'set --decimal "," or --thousands ",", or --text "x" to read the column as text',
    )
  })

  test('more than the memory allowed', async () => {
    expect(await refusal(`a,b\n${'1,2\n'.repeat(1000)}`, { maxBytes: 10_000 })).toBe(
      'E_MEMORY about 1,000 rows × 2 columns would take 16.0 kB, more than the 10.0 kB allowed; ' +
        'use fewer columns (--columns, --ignore) or set --max-memory',
    )
  })

  test('a file that unpacks a thousandfold, and a damaged one', async () => {
    expect(await refusal(gzipSync(`a,b\n${'0,0\n'.repeat(100_000)}`), { maxBytes: 50_000 })).toMatch(
      /^E_SIZE .* unpack to more than /,
    )
    expect(await refusal(gzipSync('a,b\n1,2\n').subarray(0, 20))).toBe('E_FILE the gzip data are damaged')
  })

  test('no file but the named one is read while DuckDB works', async () => {
    const { openSandbox } = await import('./duckdb.ts')
    const { openSource } = await import('./source.ts')
    const other = file('a\n1\n', 'secret.csv')
    const source = openSource(file('a,b\n1,2\n'))
    const { connection, close } = await openSandbox(source, 1)
    for (const sql of [
      `SELECT * FROM read_csv('${other}')`,
      `COPY (SELECT 1) TO '${join(folder, 'out.csv')}'`,
      'INSTALL httpfs',
      'LOAD httpfs',
      "SELECT * FROM read_csv('http://127.0.0.1:9/x.csv')",
      `ATTACH '${join(folder, 'x.db')}'`,
      'SET enable_external_access = true',
      'SET lock_configuration = false',
    ]) {
      await expect(connection.run(sql), sql).rejects.toThrow()
    }
    close()
    source.close()
  })
})
