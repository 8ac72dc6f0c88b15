// Keeps the studio for offline, and adds the headers of an isolated page where the host cannot send them.
// The build fills in the three constants.
const version = '@version'
const policy = '@policy'
const files = ['@files']

// Caches belong to the host, not to the folder: another studio beside this one has its own.
const mine = `nigh ${new URL('./', self.location.href).pathname} `
const name = mine + version

self.addEventListener('install', (event) => {
  event.waitUntil(
    caches
      .open(name)
      .then((cache) => cache.addAll(files.map((file) => new Request(file, { cache: 'reload' }))))
      .then(() => self.skipWaiting()),
  )
})

self.addEventListener('activate', (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => {
        // The version before stays: a page that it opened still asks for its parts, and the host may have them no more.
        const older = names.filter((old) => old.startsWith(mine) && old !== name).slice(0, -1)
        return Promise.all(older.map((old) => caches.delete(old)))
      })
      .then(() => self.clients.claim()),
  )
})

self.addEventListener('fetch', (event) => {
  const { request } = event
  const url = new URL(request.url)
  if (request.method !== 'GET' || url.origin !== self.location.origin) return
  event.respondWith(answer(request))
})

async function answer(request) {
  const cache = await caches.open(name)
  const page = request.mode === 'navigate'
  const kept = await cache.match(page ? new URL('index.html', self.registration.scope) : request, {
    ignoreSearch: page,
  })
  const response = kept ?? (await caches.match(request)) ?? (await fetch(request))
  if (response.status === 0 || response.type === 'opaque') return response
  const headers = new Headers(response.headers)
  headers.set('Cross-Origin-Opener-Policy', 'same-origin')
  headers.set('Cross-Origin-Embedder-Policy', 'require-corp')
  headers.set('Cross-Origin-Resource-Policy', 'same-origin')
  headers.set('Content-Security-Policy', policy)
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers })
}
