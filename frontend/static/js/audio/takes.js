// Takes that are not safe with the site yet live in IndexedDB. ArrayBuffers, not Blobs: iOS loses what Blobs hold.
// The sound lies apart from what is known of the take, so that a long queue is read without its sounds.

const DATABASE = "open-empathic";
const TAKES = "takes";
const SOUNDS = "sounds";
// What is there of a take that is being made, by its id and the piece's number.
const PIECES = "pieces";
// Where the browser keeps nothing (some private windows), a take lives as long as its page.
const unkept = new Map();

function opened() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 3);
    request.onupgradeneeded = ({ oldVersion }) => upgrade(request, oldVersion);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function upgrade({ result: database, transaction }, oldVersion) {
  database.createObjectStore(PIECES, { keyPath: ["id", "number"] });
  if (oldVersion === 2) return;
  const sounds = database.createObjectStore(SOUNDS, { keyPath: "id" });
  if (oldVersion === 0) return database.createObjectStore(TAKES, { keyPath: "id" });
  // Version 1 kept sound and facts together, under an account's number or `guest-` and the voice's id.
  transaction.objectStore(TAKES).openCursor().onsuccess = ({ target: { result: cursor } }) => {
    if (!cursor) return;
    const { bytes, owner, ...take } = cursor.value;
    sounds.put({ id: take.id, bytes });
    cursor.update({ ...take, voice: owner.replace("guest-", ""), state: take.refusal ? "refused" : "waiting" });
    cursor.continue();
  };
}

/** Act in one transaction on the takes, their sounds, and the pieces of those being made; resolves once it is on disk. */
export async function within(mode, act) {
  const database = await opened();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction([TAKES, SOUNDS, PIECES], mode, { durability: "strict" });
      const request = act(...[TAKES, SOUNDS, PIECES].map((name) => transaction.objectStore(name)));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onerror = transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    database.close();
  }
}

/** Keep a take with its whole sound; resolves once both are on disk, rejects where they live with the page only. */
export async function keep({ bytes, ...take }) {
  try {
    await within("readwrite", (takes, sounds, pieces) => {
      sounds.put({ id: take.id, bytes });
      pieces.delete(allOf(take.id));
      return takes.put(take);
    });
  } catch (error) {
    unkept.set(take.id, { ...take, bytes });
    throw error;
  }
}

/** Change what is known of a take that is still kept; one that was discarded meanwhile stays gone. */
export async function change(id, changes) {
  if (unkept.has(id)) return Object.assign(unkept.get(id), changes);
  return within("readwrite", (takes) => {
    const request = takes.get(id);
    request.onsuccess = () => request.result && takes.put({ ...request.result, ...changes });
    return request;
  });
}

/** What is known of all takes of these voices on this device, oldest first; without their sounds. */
export async function takesOf(voices) {
  const kept = await within("readonly", (takes) => takes.getAll()).catch(() => []);
  const all = [...kept.filter(({ id }) => !unkept.has(id)), ...unkept.values()];
  return all.filter(({ voice }) => voices.includes(voice)).sort((one, other) => one.madeAt - other.madeAt);
}

/** What is known of one take; undefined once it is gone. */
export async function takeOf(id) {
  return unkept.get(id) ?? within("readonly", (takes) => takes.get(id));
}

/** The take's sound, an ArrayBuffer. */
export async function soundOf(id) {
  return (unkept.get(id) ?? (await within("readonly", (_takes, sounds) => sounds.get(id)))).bytes;
}

/** Forget the take and its sound. */
export async function forget(id) {
  const lived = unkept.delete(id);
  const gone = within("readwrite", (takes, sounds, pieces) => {
    sounds.delete(id);
    pieces.delete(allOf(id));
    return takes.delete(id);
  });
  // What could not be written whole may have left pieces; where nothing can be written there are none.
  await (lived ? gone.catch(() => {}) : gone);
}

/** Bring takes that version 1 kept under the account's number to the account's voice. */
export async function adopt(account, voice) {
  for (const { id } of await takesOf([account])) await change(id, { voice });
}

/** The keys of all pieces of a take. */
export function allOf(id) {
  return IDBKeyRange.bound([id], [id, []]);
}
