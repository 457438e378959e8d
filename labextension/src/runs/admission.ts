/** The browser's locks in, leave to hold a stream open out: two windows of a browser may, the others ask now and then. */

/** A browser has six connections to a server that speaks HTTP/1.1; JupyterLab needs most of them for itself. */
const STREAMS = 2;

/** How to give the leave back; null if other windows of this browser hold all. */
export async function admit(): Promise<(() => void) | null> {
  // there are none where a page came over plain HTTP from another machine: there the server's own limit must do
  const locks = (navigator as Partial<Navigator>).locks;
  if (!locks) {
    return () => undefined;
  }
  for (let slot = 0; slot < STREAMS; slot++) {
    const release = await hold(locks, `nb2pipe:stream-${slot}`);
    if (release) {
      return release;
    }
  }
  return null;
}

/** The lock is held until it is given back, or the window is closed. */
function hold(locks: LockManager, name: string): Promise<(() => void) | null> {
  return new Promise((resolve, reject) => {
    locks
      .request(name, { ifAvailable: true }, lock => {
        if (!lock) {
          resolve(null);
          return undefined;
        }
        return new Promise<void>(release => resolve(() => release()));
      })
      .catch(reject);
  });
}
