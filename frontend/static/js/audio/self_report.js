// How it was, as the speaker says: kept on this device until the site has it, whether its clip is there yet or not.
//
// What the queue of takes may rely on: reports lie here by their clip's id, in a database of their own, so a take can be
// sent and forgotten without losing its report. A take may also carry `selfReport`, an object as sendReport() takes it;
// whoever sends the take then calls `sendReport(take.id, take.selfReport)` once the site has it. The report's own id was
// made on the device, so sending it twice does no harm; 404 means that the clip is not there yet.

import { addressOf } from "audio/upload";

const DATABASE = "open-empathic-reports";
const REPORTS = "reports";
// A clip that did not come for so long comes no more.
const KEPT_MS = 8 * 24 * 3600 * 1000;
const PASSING = [401, 403, 404, 408, 425, 429];
const PASSING_CODES = ["csrf_failed", "not_authenticated", "not_found"];

function opened() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(REPORTS, { keyPath: "clip" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function within(mode, act) {
  const database = await opened();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(REPORTS, mode);
      const request = act(transaction.objectStore(REPORTS));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onerror = transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    database.close();
  }
}

/** A new answer: what was not said is empty. */
export function newReport({ emotion = "", styles = [], description = "" }) {
  return { id: crypto.randomUUID(), emotion, styles, description };
}

/** Keep the answer on this device, in place of an earlier one for the clip. */
export async function keepReport(clip, voice, report) {
  await within("readwrite", (store) => store.put({ clip, voice, report, madeAt: Date.now() }));
}

/** Forget what was said of these clips. */
export async function forgetReports(clips) {
  for (const clip of clips) await within("readwrite", (store) => store.delete(clip));
}

/** The reports of these voices that are still on this device. */
export async function reportsOf(voices) {
  const all = await within("readonly", (store) => store.getAll());
  return all.filter(({ voice }) => voices.includes(voice));
}

/** Send one answer: `stored`, `refused` for good, or `later`. */
export async function sendReport(clip, report, pattern) {
  try {
    const response = await fetch(addressOf(pattern, clip), {
      method: "PUT",
      headers: { "Content-Type": "application/json", "X-CSRFToken": token() },
      body: JSON.stringify(report),
    });
    if (response.ok) return (await response.json()).id === report.id ? "stored" : "later";
    const { code } = await response.json();
    const isPassing = response.status >= 500 || (PASSING.includes(response.status) && code !== "not_agreed" && code !== "too_often");
    return isPassing || PASSING_CODES.includes(code) || !code ? "later" : "refused";
  } catch {
    return "later";
  }
}

/** Send all that are kept of these voices; how the report of each clip fared, by the clip's id. */
export async function bringReports(voices, pattern) {
  const fared = new Map();
  for (const { clip, report, madeAt } of await reportsOf(voices)) {
    const outcome = await sendReport(clip, report, pattern);
    const isOver = outcome !== "later" || Date.now() - madeAt > KEPT_MS;
    if (isOver) await forgetIfSame(clip, report.id);
    fared.set(clip, outcome);
  }
  return fared;
}

/** An answer that was given while this one was on its way stays. */
async function forgetIfSame(clip, id) {
  await within("readwrite", (store) => {
    const request = store.get(clip);
    request.onsuccess = () => request.result?.report.id === id && store.delete(clip);
    return request;
  });
}

function token() {
  return document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1] ?? "";
}
