// Readers written apart from nigh's, or by others: what they find in a damaged file must be what nigh found.
import { parquetReadObjects, parquetSchema, parquetMetadataAsync } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { arrowColumns } from './arrow-judge.mjs'

/**
 * Compares a table that nigh read with what a second reader finds: 'agrees', 'cannot tell' where that one refuses the
 * file, 'lenient' where two readers of Parquet differ, or a sentence that names the first difference.
 */
export async function judge(format, bytes, table, sound) {
  let columns
  try {
    if (format === 'csv') return judgeCsv(bytes, table, sound)
    columns =
      format === 'json' || format === 'ndjson'
        ? jsonColumns(bytes, format)
        : format === 'npy'
          ? npyColumns(bytes)
          : format === 'arrow'
            ? arrowColumns(bytes)
            : await parquetColumns(bytes)
  } catch (error) {
    // What these two read is defined by nothing but the text: there is no file that only one may read.
    if (format === 'json' || format === 'ndjson' || format === 'npy')
      return `only nigh reads it: ${error.message}`
    return 'cannot tell'
  }
  const found = compared(columns, table)
  // Both read the file, and not the same: DuckDB goes on where a page's marks of missing cells or its codes end early.
  return format === 'parquet' && found.startsWith('row ') ? 'lenient' : found
}

function compared(columns, table) {
  const names = columns.map(({ name }) => name)
  if (names.join('\0') !== table.names.join('\0')) return `columns ${table.names} and ${names}`
  for (const [j, { name, cells }] of columns.entries()) {
    if (cells.length !== table.rows) return `${table.rows} rows and ${cells.length}`
    for (let i = 0; i < cells.length; i++) {
      const found = cellOf(table.columns[j], i)
      const wanted = plain(cells[i])
      if (Object.is(found, wanted) || (found === 0 && wanted === 0)) continue
      // A second reader's Date may be too narrow for what the file says.
      if (table.columns[j].type === 'date' && Math.abs(found) > 8.64e15 && wanted === null) continue
      const near = typeof found === 'number' && typeof wanted === 'number'
      if (near && Math.abs(found - wanted) <= 1e-14 * Math.abs(wanted)) continue // decimal numbers, divided otherwise
      if (near && table.columns[j].type === 'date' && Math.abs(found - wanted) < 1) continue
      return `row ${i}, column ${name}: ${String(found)} and ${String(wanted)}`
    }
  }
  return 'agrees'
}

/** A cell of nigh's as null, number, boolean or text. */
function cellOf(column, i) {
  const value = column.values[i]
  if (column.type === 'text') return value < 0 ? null : column.categories[value]
  if (column.type === 'boolean') return value === 255 ? null : value === 1
  return Number.isNaN(value) ? null : value
}

function plain(cell) {
  if (cell === null || cell === undefined) return null
  if (typeof cell === 'bigint') return Number(cell)
  if (cell instanceof Date) return Number.isNaN(cell.getTime()) ? null : cell.getTime()
  if (typeof cell === 'number') return Number.isNaN(cell) ? null : cell
  return cell
}

/** Records by RFC 4180; undefined for anything else. */
function recordsOf(text, delimiter) {
  const records = []
  let record = []
  let at = 0
  let end = null
  while (at < text.length) {
    let cell = ''
    if (text[at] === '"') {
      for (;;) {
        const close = text.indexOf('"', at + 1)
        if (close < 0) return undefined
        cell += text.slice(at + 1, close)
        at = close + 1
        if (text[at] !== '"') break
        cell += '"'
      }
    } else {
      const from = at
      while (at < text.length && !(text[at] === delimiter || text[at] === '\n' || text[at] === '\r')) {
        if (text[at] === '"') return undefined
        at++
      }
      cell = text.slice(from, at)
    }
    record.push(cell)
    if (at === text.length) break
    if (text[at] === delimiter) {
      at++
      if (at === text.length) record.push('')
      continue
    }
    const newline = text.startsWith('\r\n', at) ? '\r\n' : text[at]
    if (newline !== '\n' && newline !== '\r\n' && newline !== '\r') return undefined
    if (end !== null && end !== newline) return undefined
    end = newline
    at += newline.length
    records.push(record)
    record = []
  }
  if (record.length > 0) records.push(record)
  return records.filter((cells) => cells.length > 1 || cells[0] !== '')
}

const gaps = new Set(['', 'NA', 'N/A', 'n/a', 'NaN', 'nan', 'NULL', 'null', 'None'])

/** The text, split under one separator, must say every cell of the table; the file's own separator comes first. */
function judgeCsv(bytes, table, sound) {
  const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  const own = [',', ';', '\t'].find((mark) => Buffer.from(sound).toString().split('\n')[0].includes(mark))
  const others = [',', ';', '\t', '|'].filter((mark) => mark !== own)
  let why = 'no separator under which it is CSV'
  for (const delimiter of [own, ...others]) {
    const records = recordsOf(text, delimiter)
    if (records === undefined) continue
    const width = records[0]?.length ?? 0
    if (records.some((record) => record.length !== width)) continue
    const found = csvDiffers(records, table)
    if (found === null) return 'agrees'
    // The file is sound under its own separator, with two columns or more: then that one must have been taken.
    if (delimiter === own && width > 1) return found
    why = found
  }
  return why
}

function csvDiffers([names, ...rows], table) {
  if (names.length !== table.columns.length) return `${table.columns.length} columns and ${names.length}`
  const unnamed = names.map((name, j) => (name.trim() === '' ? `column ${j + 1}` : name))
  if (unnamed.join('\0') !== table.names.join('\0')) return `columns ${table.names} and ${names}`
  if (rows.length !== table.rows) return `${table.rows} rows and ${rows.length}`
  for (const [j, column] of table.columns.entries()) {
    for (let i = 0; i < rows.length; i++) {
      const found = cellOf(column, i)
      const text = rows[i][j]
      if (found === null ? gaps.has(text) : says(text, found, column.type)) continue
      return `row ${i}, column ${column.name}: ${String(found)} and ${JSON.stringify(text)}`
    }
  }
  return null
}

function says(text, found, type) {
  if (type === 'text') return text === found
  const cell = text.trim()
  if (type === 'boolean') return cell.toLowerCase() === String(found)
  if (type === 'date') return /^\d{4}-\d\d-\d\d/.test(cell) && Math.abs(dateOf(cell) - found) < 1
  if (!/^[+-]?(\d+[.,]?\d*|[.,]\d+)([eE][+-]?\d+)?$/.test(cell)) return false
  return Number(cell.replace(',', '.')) === found
}

function dateOf(cell) {
  const [, day, clock, zone] = /^(.{10})(?:[T ](\S+?))?\s?(Z|[+-]\d\d(?::?\d\d)?)?$/.exec(cell) ?? []
  if (clock === undefined) return Date.parse(cell)
  const minutes =
    zone === undefined || zone === 'Z' ? 'Z' : `${zone.slice(0, 3)}:${zone.slice(3).replace(':', '') || '00'}`
  return Date.parse(`${day}T${clock}${minutes}`)
}

function jsonColumns(bytes, format) {
  const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  const rows =
    format === 'json'
      ? JSON.parse(text)
      : text
          .split('\n')
          .filter((line) => line.trim() !== '')
          .map((line) => JSON.parse(line))
  if (!Array.isArray(rows)) throw new Error('no array')
  const names = []
  let keys = 0
  for (const row of rows) {
    if (row === null || typeof row !== 'object' || Array.isArray(row)) throw new Error('no object')
    for (const name of Object.keys(row)) {
      keys++
      if (!names.includes(name)) names.push(name)
    }
  }
  // A key that stands twice in one object leaves one key fewer than there are in the text.
  let written = 0
  for (const [, colon] of text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?/gs)) if (colon !== undefined) written++
  if (written !== keys) throw new Error('a key stands twice')
  return names.map((name) => {
    const cells = rows.map((row) => (Object.hasOwn(row, name) ? row[name] : null))
    const kinds = new Set(cells.filter((cell) => cell !== null).map((cell) => typeof cell))
    if (kinds.size > 1 || kinds.has('object')) throw new Error('cells of several kinds')
    const dated = kinds.has('string') && cells.every((cell) => cell === null || isDate(cell))
    return { name, cells: dated ? cells.map((cell) => (cell === null ? null : dateOf(cell.trim()))) : cells }
  })
}

function isDate(cell) {
  const found =
    /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.\d{1,9})?)?\s?(?:Z|[+-]\d\d(?::?\d\d)?)?)?$/.exec(
      cell.trim(),
    )
  if (found === null) return false
  const [, year, month, day, hour = 0, minute = 0, second = 0] = found.map(Number)
  const lengths = [
    31,
    year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28,
    31,
    30,
    31,
    30,
    31,
    31,
    30,
  ]
  const days = [...lengths, 31, 30, 31][month - 1]
  return day >= 1 && day <= days && !(hour > 23) && !(minute > 59) && !(second > 59)
}

function npyColumns(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const wide = view.getUint8(6) > 1
  const length = wide ? view.getUint32(8, true) : view.getUint16(8, true)
  const start = (wide ? 12 : 10) + length
  const header = Buffer.from(bytes.subarray(wide ? 12 : 10, start)).toString('latin1')
  const descr = /'descr'\s*:\s*'([<>|=]?)([fiub])([1248])'/.exec(header)
  const shape = /'shape'\s*:\s*\(\s*(\d+)\s*,?\s*(\d*)\s*,?\s*\)/.exec(header)
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(header)
  if (descr === null || shape === null || order === null) throw new Error('no header')
  const [rows, width] = [Number(shape[1]), shape[2] === '' ? 1 : Number(shape[2])]
  const size = Number(descr[3])
  if (start + rows * width * size !== bytes.length) throw new Error('another length')
  const reader = { f: 'Float', i: 'Int', u: 'Uint', b: 'Uint' }[descr[2]]
  const get = `get${size === 8 && reader !== 'Float' ? 'Big' : ''}${reader}${size * 8}`
  return Array.from({ length: width }, (_, j) => ({
    name: `c${j}`,
    cells: Array.from({ length: rows }, (_unused, i) => {
      const at = order[1] === 'True' ? j * rows + i : i * width + j
      const cell = view[get](start + at * size, descr[1] !== '>')
      return descr[2] === 'b' ? cell !== 0 : cell
    }),
  }))
}

async function parquetColumns(bytes) {
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)
  const metadata = await parquetMetadataAsync(file)
  const names = parquetSchema(metadata).children.map(({ element }) => element.name)
  const rows = await parquetReadObjects({ file, metadata, compressors })
  return names.map((name) => ({ name, cells: rows.map((row) => row[name]) }))
}
