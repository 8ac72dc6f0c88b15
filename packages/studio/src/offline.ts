/**
 * Starts the service worker: the page then works offline, and is isolated (which lets several threads share one table)
 * even where the host sends no headers for it. Isolation comes with a reload, once, and only before anything was done.
 */
export async function keepForOffline(): Promise<void> {
  if (!import.meta.env.PROD || navigator.serviceWorker === undefined) return
  try {
    await navigator.serviceWorker.register('./service-worker.js', { scope: './', updateViaCache: 'none' })
    await navigator.serviceWorker.ready
  } catch {
    // No service workers here: the page works, online.
    return
  }
  if (crossOriginIsolated || touched || sessionStorage.getItem('nigh:isolated') !== null) return
  if (navigator.serviceWorker.controller === null) {
    await new Promise<void>((resolve) =>
      navigator.serviceWorker.addEventListener('controllerchange', () => resolve(), { once: true }),
    )
  }
  if (touched) return
  sessionStorage.setItem('nigh:isolated', 'tried')
  location.reload()
}

let touched = false
for (const event of ['pointerdown', 'keydown', 'drop'] as const) {
  addEventListener(event, () => (touched = true), { once: true, capture: true })
}
