// Takes that are not safe with the site yet live in IndexedDB. ArrayBuffers, not Blobs: iOS loses what Blobs hold.

const DATABASE = "open-empathic";
const STORE = "takes";

function opened() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "id" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function within(mode, act) {
  const database = await opened();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, mode, { durability: "strict" });
      const request = act(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onerror = transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    database.close();
  }
}

/** Keep the take, or what is new about it; resolves once it is on disk. */
export function keep(take) {
  return within("readwrite", (store) => store.put(take));
}

/** All takes of one person on this device, oldest first. */
export async function takesOf(owner) {
  const all = await within("readonly", (store) => store.getAll());
  return all.filter((take) => take.owner === owner).sort((one, other) => one.madeAt - other.madeAt);
}

/** Forget the take. */
export function forget(id) {
  return within("readwrite", (store) => store.delete(id));
}
