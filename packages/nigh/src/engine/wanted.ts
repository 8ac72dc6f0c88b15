import type { TeamRunner } from './team.ts'

/**
 * Which team would have been glad of members since this was last asked. A search takes its steps on the calling
 * thread; when a step turns out to be long, whoever drives the steps can lend it threads for the next ones.
 */
export function takeWanted(): TeamRunner | null {
  const found = wanted
  wanted = null
  return found
}

/** Says that a team worked alone on something long. */
export function wantMembers(runner: TeamRunner): void {
  wanted = runner
}

let wanted: TeamRunner | null = null
