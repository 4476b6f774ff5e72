// The files of the next clip, fetched while somebody still answers for this one; in memory only.

const held = new Map();
const lent = new Set();

/** Have the site open the next turn and fetch its files; whoever is offline or at the end of the queue fetches nothing. */
export async function lookAhead(address, token) {
  const answer = await fetch(address, { method: "POST", headers: { "X-CSRFToken": token } }).catch(() => null);
  if (answer?.status !== 200) return;
  const { files } = await answer.json();
  for (const file of held.keys()) if (!files.includes(file)) held.delete(file);
  await Promise.all(files.filter((file) => !held.has(file)).map(fetchNow));
}

/** The bytes behind the address, as a Blob: those that are held, else from the site; null where it does not give them. */
export async function bytesOf(address) {
  return held.get(address) ?? (await fetched(address));
}

/** An address for a player: of the bytes that are held, else the site's own. */
export function addressOf(file) {
  if (!held.has(file)) return file;
  const address = URL.createObjectURL(held.get(file));
  lent.add(address);
  return address;
}

/** Let go of what an earlier page played. */
export function letGo() {
  for (const address of lent) URL.revokeObjectURL(address);
  lent.clear();
}

async function fetchNow(file) {
  const bytes = await fetched(file);
  if (bytes) held.set(file, bytes);
}

async function fetched(address) {
  const answer = await fetch(address).catch(() => null);
  return answer?.ok ? answer.blob() : null;
}
