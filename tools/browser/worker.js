// A worker that only says that it is there.
postMessage('here')
