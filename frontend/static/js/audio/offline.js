// What the device keeps so that the studio opens without a connection: its page and some sentences, of one voice only.

const DATABASE = "open-empathic-prompts";
const PROMPTS = "prompts";
const CACHE = "studio-of-";

function opened() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(PROMPTS, { keyPath: "prompt" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function within(mode, act) {
  const database = await opened();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(PROMPTS, mode);
      const request = act(transaction.objectStore(PROMPTS));
      transaction.oncomplete = () => resolve(request?.result);
      transaction.onerror = transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    database.close();
  }
}

/** Keep a copy of the studio for the voice that the page names, and of nobody else's; a page without a voice is none. */
export async function keepPage(address, response) {
  if (!response.ok || response.redirected) return;
  const voice = /data-voices="([\w-]+)/.exec(await response.clone().text())?.[1];
  if (!voice) return;
  await forgetOthers(voice);
  const cache = await caches.open(CACHE + voice);
  await cache.put(address, response);
}

/** The kept page, if there is one. */
export async function pageAt(address) {
  for (const name of (await caches.keys()).filter(isStudio)) {
    const found = await (await caches.open(name)).match(address);
    if (found) return found;
  }
  return undefined;
}

/** Forget the page and the sentences of everybody but this voice; of everybody, where nobody speaks here now. */
export async function forgetOthers(voice) {
  const others = (await caches.keys()).filter((name) => isStudio(name) && name !== CACHE + voice);
  await Promise.all(others.map((name) => caches.delete(name)));
  const prompts = await within("readonly", (store) => store.getAll());
  if (prompts.some((each) => each.voice !== voice)) await within("readwrite", (store) => store.clear());
}

/** Keep these sentences in hand, in place of those before; each with its `prompt` and the `card` that shows it. */
export async function stock(voice, prompts) {
  await within("readwrite", (store) => {
    store.clear();
    prompts.forEach((each, order) => store.put({ ...each, voice, usedAt: order - prompts.length }));
  });
}

/** The card of the sentence that was shown longest ago, not one of `besides` if others remain; undefined without any. */
export async function nextCard(besides) {
  const all = (await within("readonly", (store) => store.getAll())).sort((one, other) => one.usedAt - other.usedAt);
  const chosen = all.find(({ prompt }) => !besides.includes(prompt)) ?? all[0];
  if (chosen) await within("readwrite", (store) => store.put({ ...chosen, usedAt: Date.now() }));
  return chosen?.card;
}

function isStudio(name) {
  return name.startsWith(CACHE);
}
