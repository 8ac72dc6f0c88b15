// From texts to points: tf-idf weights of words, then the directions in which words occur together.

const STOP = new Set(
  `a about after again all am an and any are as at back be because been before being but by can cant come could day did didnt do
  does doesnt doing don dont down even ever every few for from get gets getting go goes going gonna got had has have having he her here
  hes him his how i id if ill im in into is isnt it its ive just know let like made make makes many may me might more most much my need
  never new no not now of off oh ok on one only or other our out over own people per please really right rt said same say see she should
  so some still stuff such sure take than that thats the their them then there theres these they theyre thing things think this those
  though through time to today tomorrow too u up ur us use used very via wanna want wants was wasnt way we well went were what whats when
  where which who why will with wont work would yeah yes yet you your youre youve yo`.split(/\s+/),
)

/** Words that count like all others, but need not be printed. */
const RUDE = /^(fuck|shit|bitch|ass$|asshole|bullshit|damn|crap|piss|hell$|suck)/

/** Words of a text: lower case, without addresses, user names, stop words and plain English endings. */
export function words(text) {
  return text
    .toLowerCase()
    .replace(/https?:\S+|@\w+/g, ' ')
    .replace(/[’']/g, '')
    .split(/[^\p{L}#]+/u)
    .filter((word) => word.length > 2 && !STOP.has(word))
    .map((word) => word.replace(/(?<=...)(ies)$/, 'y').replace(/(?<=...[^s])s$/, ''))
    .filter((word) => !STOP.has(word))
}

/** Terms that occur in `least` to `most` texts, and each text's tf-idf weights as [term, weight] pairs of length 1. */
export function tfidf(texts, { least, most }) {
  const documents = texts.map(words)
  const frequency = new Map()
  for (const document of documents) {
    for (const word of new Set(document)) frequency.set(word, (frequency.get(word) ?? 0) + 1)
  }
  const terms = [...frequency.keys()]
    .filter((word) => frequency.get(word) >= least && frequency.get(word) <= most)
    .sort()
  const index = new Map(terms.map((term, t) => [term, t]))
  const rows = documents.map((document) => {
    const counts = new Map()
    for (const word of document) {
      const t = index.get(word)
      if (t !== undefined) counts.set(t, (counts.get(t) ?? 0) + 1)
    }
    const pairs = [...counts].map(([t, count]) => [
      t,
      count * Math.log(texts.length / frequency.get(terms[t])),
    ])
    const length = Math.sqrt(pairs.reduce((sum, [, weight]) => sum + weight * weight, 0))
    return pairs.map(([t, weight]) => [t, weight / length])
  })
  return { terms, rows }
}

/**
 * Latent semantic analysis: each row on the `dimensions` strongest directions, scaled to length 1.
 * The directions are the leading right singular vectors, by subspace iteration from a fixed start.
 */
export function semantic(rows, terms, { dimensions, rounds = 20 }) {
  let state = 1
  let basis = Array.from({ length: dimensions }, () =>
    Float64Array.from({ length: terms }, () => {
      state = (Math.imul(1103515245, state) + 12345) & 0x7fffffff
      return state / 2 ** 31 - 0.5
    }),
  )
  for (let round = 0; round < rounds; round++) {
    const next = basis.map(() => new Float64Array(terms))
    for (const row of rows) {
      for (let b = 0; b < dimensions; b++) {
        const along = row.reduce((sum, [t, weight]) => sum + weight * basis[b][t], 0)
        for (const [t, weight] of row) next[b][t] += weight * along
      }
    }
    basis = orthonormal(next)
  }
  return rows.map((row) => {
    const point = basis.map((direction) => row.reduce((sum, [t, weight]) => sum + weight * direction[t], 0))
    const length = Math.hypot(...point)
    return length === 0 ? point : point.map((x) => x / length)
  })
}

/** The `count` words whose mean weight in the texts `members` is furthest above that in the texts `among`, but for those in `silent`. */
export function telling(terms, rows, { members, among, count, silent = /^$/ }) {
  const more = new Float64Array(terms.length)
  for (const i of members) for (const [t, weight] of rows[i]) more[t] += weight / members.length
  for (const i of among) for (const [t, weight] of rows[i]) more[t] -= weight / among.length
  return Array.from(more.keys())
    .filter((t) => !RUDE.test(terms[t]) && !silent.test(terms[t]))
    .sort((a, b) => more[b] - more[a])
    .slice(0, count)
    .map((t) => terms[t])
}

function orthonormal(vectors) {
  const done = []
  for (const vector of vectors) {
    for (const other of done) {
      const along = vector.reduce((sum, x, j) => sum + x * other[j], 0)
      for (let j = 0; j < vector.length; j++) vector[j] -= along * other[j]
    }
    const length = Math.sqrt(vector.reduce((sum, x) => sum + x * x, 0))
    done.push(vector.map((x) => x / length))
  }
  return done
}
