// The service worker: the site's files from the device, the studio without a connection, and takes that were sent for
// while no page was open. It keeps no page but the studio's and no sound; takes lie elsewhere (audio/takes).

const SHELL = "shell-";
const LANGUAGE = "Content-Language";
// So long a page is waited for, where a copy of it is at hand.
const PATIENCE_MS = 10_000;

/** Begin; the parts are our modules, which a worker cannot import by name, and the site's addresses. */
export function begin({ takes, upload, offline, Sending, version, files, addresses }) {
  self.addEventListener("install", (event) => event.waitUntil(install()));
  self.addEventListener("activate", (event) => event.waitUntil(activate()));
  self.addEventListener("message", (event) => event.waitUntil(follow(event.data.language)));
  self.addEventListener("sync", (event) => event.tag === "takes" && event.waitUntil(sendAll()));
  self.addEventListener("fetch", (event) => {
    const address = new URL(event.request.url);
    if (address.origin !== self.location.origin) return;
    if (event.request.method === "GET") return answer(event, address);
    // Who leaves takes the kept page and sentences along, even if no other page is opened after this one.
    if (addresses.leaving.includes(address.pathname)) event.waitUntil(offline.forgetOthers(undefined));
  });

  async function install() {
    const cache = await caches.open(SHELL + version);
    await cache.addAll(files);
    await keepOfflinePage((await offlinePage())?.headers.get(LANGUAGE));
    await self.skipWaiting();
  }

  /** As a stranger reads it, since it is for whoever holds the device; in that language, or the browser's own. */
  async function keepOfflinePage(language) {
    const headers = language ? { "Accept-Language": language } : {};
    const response = await fetch(addresses.offline, { credentials: "omit", headers });
    if (!response.ok) throw new Error(`no page for no connection: ${response.status}`);
    await (await caches.open(SHELL + version)).put(addresses.offline, response);
  }

  /** Pages are read in that language now: so is the one for no connection. */
  async function follow(language) {
    const kept = await offlinePage();
    if (kept && kept.headers.get(LANGUAGE) !== language) await keepOfflinePage(language).catch(() => {});
  }

  /** Take over at once; the kept studio is fetched anew, since it names files of the version before. */
  async function activate() {
    await self.clients.claim();
    if (await offline.pageAt(addresses.studio)) {
      const response = await fetch(addresses.studio, { redirect: "error" }).catch(() => null);
      if (!response?.ok) return;
      await offline.keepPage(addresses.studio, response);
    }
    const old = (await caches.keys()).filter((name) => name.startsWith(SHELL) && name !== SHELL + version);
    await Promise.all(old.map((name) => caches.delete(name)));
  }

  function answer(event, address) {
    const isStudio = address.pathname === addresses.studio;
    if (address.pathname.startsWith(addresses.files)) event.respondWith(file(event.request));
    else if (isStudio && address.searchParams.get("prompt") === "next") event.respondWith(sentence(event.request, address));
    else if (event.request.mode === "navigate" && isStudio) event.respondWith(studio(event));
    else if (event.request.mode === "navigate") event.respondWith(fetch(event.request).catch(offlinePage));
  }

  /** Files have their digest in their name: the copy is as good as the original. */
  async function file(request) {
    const kept = await caches.match(request, { ignoreVary: true });
    if (kept) return kept;
    const response = await fetch(request);
    if (response.ok) await (await caches.open(SHELL + version)).put(request, response.clone());
    return response;
  }

  async function studio(event) {
    const kept = await offline.pageAt(addresses.studio);
    const fetched = fetch(event.request);
    try {
      const response = await (kept ? Promise.race([fetched, impatience()]) : fetched);
      if (kept && response.status >= 502) return kept;
      event.waitUntil(offline.keepPage(addresses.studio, response.clone()));
      return response;
    } catch {
      return kept ?? offlinePage();
    }
  }

  async function sentence(request, address) {
    try {
      return await fetch(request);
    } catch (error) {
      const card = await offline.nextCard(address.searchParams.getAll("besides"));
      if (!card) throw error;
      return new Response(card, { headers: { "Content-Type": "text/html; charset=utf-8" } });
    }
  }

  function offlinePage() {
    return caches.match(addresses.offline);
  }

  /** What somebody pressed Send for goes on its way, with the voices that are signed in now. */
  async function sendAll() {
    const response = await fetch(addresses.me);
    if (!response.ok) return;
    const voices = (await response.json()).voices.map(({ id }) => id);
    const sending = new Sending({ takes, upload, voices, pattern: addresses.clip });
    const isWaiting = ({ state }) => state === "waiting";
    const waiting = (await takes.takesOf(voices)).filter(isWaiting);
    for (const { id } of waiting) await sending.bring(id, { patiently: true });
    // A rejection asks the browser to come back later.
    if ((await takes.takesOf(voices)).some(isWaiting)) throw new Error("some takes still wait");
  }
}

function impatience() {
  return new Promise((_go, stop) => setTimeout(() => stop(new Error("no answer")), PATIENCE_MS));
}
