// A phone that dims its screen in mid-sentence ends the take: while somebody records it stays awake, where it can be asked to.

/** Keeps the screen on until the function that it returns is called. */
export function stayAwake() {
  const asked = navigator.wakeLock?.request("screen").catch(() => null);
  return async () => (await asked)?.release();
}
