// Work that many ask for at once, and that need be done only once more for all of them.

/** Makes of `act` one that runs once at a time, and once more after that, however many asked meanwhile. */
export function inTurns(act) {
  let running = null;
  let next = null;
  return () => {
    next ??= Promise.resolve(running).then(() => {
      next = null;
      return (running = act());
    });
    return next;
  };
}
