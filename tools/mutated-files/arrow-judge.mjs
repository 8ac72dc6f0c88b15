// Arrow IPC, decoded again from the specification alone, for the types that the sound files use; every offset and length
// is looked at before it is followed. Throws for whatever is not plainly sound.

/** A table's position inside a flatbuffer; fields by their number. */
function flat(view, at) {
  const vtable = at - view.getInt32(at, true)
  const size = view.getUint16(vtable, true)
  const field = (n) => (4 + 2 * n + 2 > size ? 0 : view.getUint16(vtable + 4 + 2 * n, true))
  const where = (n) => (field(n) === 0 ? 0 : at + field(n))
  const follow = (n) => (where(n) === 0 ? 0 : where(n) + view.getUint32(where(n), true))
  return {
    int: (n, otherwise = 0) => (where(n) === 0 ? otherwise : view.getInt32(where(n), true)),
    short: (n, otherwise = 0) => (where(n) === 0 ? otherwise : view.getInt16(where(n), true)),
    byte: (n, otherwise = 0) => (where(n) === 0 ? otherwise : view.getInt8(where(n))),
    long: (n) => (where(n) === 0 ? 0 : Number(view.getBigInt64(where(n), true))),
    table: (n) => (where(n) === 0 ? null : flat(view, follow(n))),
    text: (n) => {
      if (where(n) === 0) return ''
      const from = follow(n)
      const length = view.getUint32(from, true)
      if (from + 4 + length > view.byteLength) throw new Error('text beyond its buffer')
      return new TextDecoder('utf-8', { fatal: true }).decode(
        new Uint8Array(view.buffer, view.byteOffset + from + 4, length),
      )
    },
    /** Offsets of a vector's items, each of `bytes`. */
    items: (n, bytes) => {
      if (where(n) === 0) return []
      const from = follow(n)
      const count = view.getUint32(from, true)
      if (count * bytes > view.byteLength) throw new Error('a vector beyond its buffer')
      return Array.from({ length: count }, (_, i) => from + 4 + i * bytes)
    },
    tables: (n) => {
      if (where(n) === 0) return []
      const from = follow(n)
      const count = view.getUint32(from, true)
      if (count * 4 > view.byteLength) throw new Error('a vector beyond its buffer')
      return Array.from({ length: count }, (_, i) => {
        const item = from + 4 + i * 4
        return flat(view, item + view.getUint32(item, true))
      })
    },
  }
}

const root = (view) => flat(view, view.getUint32(0, true))

function* messagesOf(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const file = Buffer.from(bytes.subarray(0, 6)).toString('latin1') === 'ARROW1'
  const blocks = []
  if (file) {
    const length = view.getInt32(bytes.length - 10, true)
    const footer = root(new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 10 - length, length))
    const footerView = new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 10 - length, length)
    for (const n of [2, 3])
      for (const item of footer.items(n, 24)) blocks.push(Number(footerView.getBigInt64(item, true)))
    yield { schema: footer.table(1) }
  }
  let at = 0
  while (file ? blocks.length > 0 : at < bytes.length) {
    if (file) at = blocks.shift()
    if (view.getUint32(at, true) !== 0xffffffff) throw new Error('no message')
    const size = view.getInt32(at + 4, true)
    if (size === 0) {
      if (bytes.subarray(at + 8).some((byte) => byte !== 0)) throw new Error('bytes after the end')
      return
    }
    const message = root(new DataView(bytes.buffer, bytes.byteOffset + at + 8, size))
    const type = message.byte(1)
    const body = message.long(3)
    const start = at + 8 + size
    if (body < 0 || start + body > bytes.length) throw new Error('a body beyond the file')
    const meta = new DataView(bytes.buffer, bytes.byteOffset + at + 8, size)
    yield { type, header: message.table(2), meta, body: bytes.subarray(start, start + body) }
    at = start + body
  }
}

/** The columns of an Arrow file: names, and cells as numbers, text, true and false or null. */
export function arrowColumns(bytes) {
  let fields = null
  const words = new Map()
  const columns = []
  for (const message of messagesOf(bytes)) {
    const schema = message.schema ?? (message.type === 1 ? message.header : null)
    if (schema !== null) {
      fields = schema.tables(1).map(fieldOf)
      for (const { name } of fields) columns.push({ name, cells: [] })
      continue
    }
    if (fields === null) throw new Error('no schema')
    if (message.type === 2) {
      const id = message.header.long(0)
      const field = fields.find(({ dictionary }) => dictionary?.id === id)
      if (field === undefined || message.header.byte(2) !== 0) throw new Error('an unknown dictionary')
      words.set(id, batchOf(message.header.table(1), message, [{ ...field, dictionary: null }])[0])
    } else if (message.type === 3) {
      const cells = batchOf(message.header, message, fields)
      fields.forEach(({ dictionary }, j) => {
        const found =
          dictionary === null ? cells[j] : cells[j].map((code) => wordAt(words.get(dictionary.id), code))
        for (const cell of found) columns[j].cells.push(cell)
      })
    } else throw new Error('an unknown message')
  }
  return columns
}

function wordAt(words, code) {
  if (code === null) return null
  if (words === undefined || code < 0 || code >= words.length) throw new Error('a code without its word')
  return words[code]
}

function fieldOf(field) {
  const coded = field.table(4)
  if (field.tables(5).length > 0) throw new Error('a nested type')
  const type = typeOf(field.byte(2), field.table(3))
  const dictionary = coded === null ? null : { id: coded.long(0), type: intOf(coded.table(1)) }
  return { name: field.text(0), type, dictionary }
}

const intOf = (table) => ({
  kind: 'int',
  bits: table?.int(0, 32) || 32,
  signed: table === null || table.byte(1) !== 0,
})

function typeOf(id, table) {
  if (id === 2) return intOf(table)
  if (id === 3) return { kind: 'float', bits: [0, 32, 64][table.short(0)] || unknown() }
  if (id === 5) return { kind: 'text', bits: 32 }
  if (id === 6) return { kind: 'bit' }
  if (id === 8) return { kind: 'day', unit: table.short(0, 1) }
  if (id === 10) return { kind: 'time', unit: table.short(0) }
  return unknown()
}

function unknown() {
  throw new Error('a type that the judge does not know')
}

function batchOf(batch, { meta, body }, fields) {
  if (batch.table(3) !== null) throw new Error('compressed')
  const nodes = batch.items(1, 16).map((at) => Number(meta.getBigInt64(at, true)))
  const buffers = batch.items(2, 16).map((at) => {
    const offset = Number(meta.getBigInt64(at, true))
    const length = Number(meta.getBigInt64(at + 8, true))
    if (offset < 0 || length < 0 || offset + length > body.length) throw new Error('a buffer beyond the body')
    return body.slice(offset, offset + length)
  })
  if (nodes.length !== fields.length) throw new Error('another number of columns')
  const rows = batch.long(0)
  return fields.map(({ type, dictionary }, j) => {
    if (nodes[j] !== rows) throw new Error('columns of different lengths')
    const shown = dictionary?.type ?? type
    const valid = buffers.shift()
    const bits = new DataView(valid.buffer)
    const isThere = (i) => valid.length === 0 || (bits.getUint8(i >> 3) >> (i & 7)) % 2 === 1
    const values = new DataView(buffers.shift().buffer)
    const bytes = shown.kind === 'text' ? new Uint8Array(buffers.shift().buffer) : null
    return Array.from({ length: rows }, (_, i) => (isThere(i) ? cellAt(shown, values, bytes, i) : null))
  })
}

function cellAt(type, values, bytes, i) {
  switch (type.kind) {
    case 'int':
      return Number(
        type.bits === 64
          ? type.signed
            ? values.getBigInt64(i * 8, true)
            : values.getBigUint64(i * 8, true)
          : values[`get${type.signed ? 'Int' : 'Uint'}${type.bits}`]((i * type.bits) / 8, true),
      )
    case 'float':
      return type.bits === 64 ? values.getFloat64(i * 8, true) : values.getFloat32(i * 4, true)
    case 'bit':
      return (values.getUint8(i >> 3) >> (i & 7)) % 2 === 1
    case 'day':
      return type.unit === 0
        ? values.getInt32(i * 4, true) * 86_400_000
        : Number(values.getBigInt64(i * 8, true))
    case 'time':
      return Number(values.getBigInt64(i * 8, true)) * [1000, 1, 1e-3, 1e-6][type.unit]
    default: {
      const [from, to] = [values.getInt32(i * 4, true), values.getInt32(i * 4 + 4, true)]
      if (from < 0 || to < from || to > bytes.length) throw new Error('text beyond its buffer')
      return new TextDecoder().decode(bytes.subarray(from, to))
    }
  }
}
