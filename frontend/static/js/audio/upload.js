// Bringing a take to the site: once, however often it has to be tried.

const LONGEST_PAUSE_MS = 60_000;
const NO_ID = "00000000-0000-0000-0000-000000000000";
// The site can take it another day or another way; all other 4xx stay what they are.
const PASSING = [408, 425, 429];
const PASSING_CODES = ["digest_differs"];

/** The address of one clip, from the page's pattern of it. */
export function addressOf(pattern, id) {
  return pattern.replace(NO_ID, id);
}

/** How long to wait after so many tries. */
export function pauseAfter(tries) {
  return Math.min(LONGEST_PAUSE_MS, 1000 * 2 ** Math.max(0, tries - 1));
}

/** What the site knows the bytes by: their SHA-256 in base64. */
export async function digestOf(bytes) {
  return base64(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
}

/** Sends the take: resolves with `stored` and the clip, `refused` for good, or `later`, each with the site's words. */
export async function send(take, pattern) {
  let response;
  try {
    response = await fetch(addressOf(pattern, take.id), { method: "PUT", body: take.bytes, headers: headersOf(take) });
  } catch {
    return { outcome: "later" };
  }
  const said = await response.json().catch(() => ({}));
  if (response.ok) return { outcome: "stored", clip: said };
  // The session's own refusals: signed out, or the page's proof against other sites is stale.
  if (response.status === 401 || said.code === "csrf_failed") return { outcome: "later", isSignedOut: true };
  const isPassing = response.status >= 500 || PASSING.includes(response.status) || PASSING_CODES.includes(said.code);
  return { outcome: isPassing ? "later" : "refused", message: said.message, code: said.code };
}

function headersOf(take) {
  return {
    "Content-Type": take.mediaType,
    "Content-Digest": `sha-256=:${take.digest}:`,
    "X-Clip-Language": take.language,
    "X-Clip-Prompt": take.prompt,
    "X-Clip-Capture": base64url(JSON.stringify(take.capture)),
    // Read when it is sent, not when it was recorded: signing in again changes it.
    "X-CSRFToken": document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1] ?? "",
  };
}

function base64(bytes) {
  return btoa(String.fromCharCode(...bytes));
}

function base64url(text) {
  return base64(new TextEncoder().encode(text)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
