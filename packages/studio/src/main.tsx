import { render } from 'preact'
import { keepForOffline } from './offline.ts'
import { Shell } from './shell.tsx'
import { claimSaving } from './storage.ts'

claimSaving()
const place = document.getElementById('studio')
if (place !== null) {
  place.textContent = ''
  render(<Shell />, place)
}
// Once there is nothing else to do: it takes the page a while.
if ('requestIdleCallback' in window) requestIdleCallback(() => void keepForOffline(), { timeout: 3000 })
else setTimeout(() => void keepForOffline(), 1000)
