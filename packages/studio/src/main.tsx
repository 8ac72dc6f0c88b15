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
void keepForOffline()
