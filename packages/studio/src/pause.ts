/** Ends the present task, so that what comes next is another one: the page draws and hears in between. */
export function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve))
}
