// Takes that a page has at hand, being made or just made: no list shows them as takes of before, and no other page touches them.

const held = new Map();

/** Hold the take until letGo(), or until this page is gone. */
export function hold(id) {
  if (held.has(id)) return;
  const over = new Promise((go) => held.set(id, go));
  navigator.locks?.request(nameOf(id), () => over);
}

/** Hold it no longer. */
export function letGo(id) {
  held.get(id)?.();
  held.delete(id);
}

/** A question that says of any take whether some page holds it now. */
export async function holding() {
  const { held: locks } = (await navigator.locks?.query()) ?? { held: [] };
  const names = locks.map(({ name }) => name);
  return (id) => held.has(id) || names.includes(nameOf(id));
}

/** Act while no page holds the take; not at all where one does. */
export async function ifFree(id, act) {
  if (held.has(id)) return;
  if (!navigator.locks) return act();
  await navigator.locks.request(nameOf(id), { ifAvailable: true }, (lock) => lock && act());
}

function nameOf(id) {
  return `draft-${id}`;
}
