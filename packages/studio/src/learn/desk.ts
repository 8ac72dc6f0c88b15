import { Desk } from '../compute/desk.ts'

/** The learning page's own worker: its regions do not wait for work on a table. */
export const learnDesk: Desk = new Desk()
