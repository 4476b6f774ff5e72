// Bringing a take to the site: once, however often it has to be tried.

const LONGEST_PAUSE_MS = 60_000;
// A connection over which nothing moves for so long is dead, whatever the browser thinks.
const SILENCE_MS = 60_000;
const NO_ID = "00000000-0000-0000-0000-000000000000";
// The site can take it another day or another way; all other 4xx stay what they are.
const PASSING = [408, 425, 429];
const PASSING_CODES = ["digest_differs"];
// A day's allowance is not there again in a minute.
const SPENT = 429;
const SPENT_PAUSE_MS = 15 * 60_000;
// The session's own refusals: signed out, somebody else signed in, or the proof against other sites is stale.
const SOMEBODY_ELSE = ["csrf_failed", "not_found", "not_authenticated"];

/** The address of one clip, from the page's pattern of it. */
export function addressOf(pattern, id) {
  return pattern.replace(NO_ID, id);
}

/** How long to wait after so many tries: never all devices at the same moment. */
export function pauseAfter(tries, chance = Math.random()) {
  return Math.min(LONGEST_PAUSE_MS, 1000 * 2 ** Math.max(0, tries - 1)) * (0.5 + chance / 2);
}

/** What the site knows the bytes by: their SHA-256 in base64. */
export async function digestOf(bytes) {
  return base64(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
}

/** Sends the take: resolves with `stored` and the clip, `refused` for good, or `later`, each with the site's words. */
export async function send(take, bytes, { pattern, onProgress }) {
  // With the voice that made it or not at all, whoever is signed in by now.
  const address = `${addressOf(pattern, take.id)}?voice=${take.voice}`;
  try {
    const sent = self.XMLHttpRequest ? sentByPage : sentByWorker;
    return outcomeOf(take, await sent(address, bytes, await headersOf(take), onProgress));
  } catch {
    return { outcome: "later" };
  }
}

/** A 200 counts only when it names this take: hotels and trains answer 200 to everything. */
function outcomeOf(take, { status, text }) {
  const said = JSON.parse(text);
  if (said.id === take.id && said.sha256 === hexOf(take.digest)) return { outcome: "stored", clip: said };
  const { code, message } = said;
  if (!code || SOMEBODY_ELSE.includes(code)) return { outcome: "later", isSignedOut: Boolean(code) };
  const isPassing = status >= 500 || PASSING.includes(status) || PASSING_CODES.includes(code);
  return { outcome: isPassing ? "later" : "refused", message, code, pause: status === SPENT ? SPENT_PAUSE_MS : 0 };
}

/** Only this old way tells how much has left. */
function sentByPage(address, body, headers, onProgress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    let watch = null;
    const live = () => {
      clearTimeout(watch);
      watch = setTimeout(() => request.abort(), SILENCE_MS);
    };
    request.open("PUT", address);
    for (const [name, words] of Object.entries(headers)) request.setRequestHeader(name, words);
    request.upload.onprogress = ({ loaded, total }) => {
      live();
      onProgress?.(loaded / total);
    };
    request.onload = () => resolve({ status: request.status, text: request.responseText });
    request.onerror = request.onabort = () => reject(new Error("cut off"));
    request.onloadend = () => clearTimeout(watch);
    live();
    request.send(body);
  });
}

async function sentByWorker(address, body, headers) {
  const signal = AbortSignal.timeout(3 * SILENCE_MS);
  const response = await fetch(address, { method: "PUT", body, headers, signal });
  return { status: response.status, text: await response.text() };
}

async function headersOf(take) {
  return {
    "Content-Type": take.mediaType,
    "Content-Digest": `sha-256=:${take.digest}:`,
    "X-Clip-Language": take.language,
    "X-Clip-Prompt": take.prompt,
    // A take of before there were any has none.
    ...(take.style && { "X-Clip-Style": take.style }),
    "X-Clip-Capture": base64url(JSON.stringify(take.capture)),
    // Read when it is sent, not when it was recorded: signing in again changes it.
    "X-CSRFToken": await cookie("csrftoken"),
  };
}

async function cookie(name) {
  if (!self.document) return (await self.cookieStore?.get(name))?.value ?? "";
  return document.cookie.match(new RegExp(`(?:^|; )${name}=([^;]+)`))?.[1] ?? "";
}

function hexOf(digest) {
  return Array.from(atob(digest), (letter) => letter.charCodeAt(0).toString(16).padStart(2, "0")).join("");
}

function base64(bytes) {
  return btoa(String.fromCharCode(...bytes));
}

function base64url(text) {
  return base64(new TextEncoder().encode(text)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
