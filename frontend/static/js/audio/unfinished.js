// A take while it is being made: second by second it is written to this device, so that whatever ends its page - a flat
// battery, a system that needs the memory - takes the last second only. WebM, Ogg and fragmented MP4 grow at their end
// only: the pieces in a row are the sound until then. An MP4's first piece is its head alone, in which nobody says a word.

import { ifFree } from "audio/held";
import { allOf, forget, keep, takesOf, within } from "audio/takes";
import { digestOf } from "audio/upload";

export const UNFINISHED = "recording";
const HEAD_BYTES = 2000;
// Where no page can say that it is still at it: no take is as long as this.
const LONGEST_MS = 10 * 60_000;

/** Writes takes as they come, one thing after the other; where nothing can be written, who keeps the whole take says so. */
export class Writing {
  /** Resolves once all that came is written. */
  done = Promise.resolve();

  /** A take begins, with what is known of it by now. */
  begin(take) {
    this.#next(() => within("readwrite", (takes) => takes.put({ ...take, state: UNFINISHED })));
  }

  /** Its next piece, a Blob, numbered from 0. */
  add({ id, number, piece }) {
    this.#next(() => addTo(id, number, piece));
  }

  #next(write) {
    this.done = this.done.then(write).catch(() => {});
  }
}

/** Once the take is whole or gone no piece is wanted any more. */
async function addTo(id, number, piece) {
  const bytes = await piece.arrayBuffer();
  await within("readwrite", (takes, _sounds, pieces) => {
    const request = takes.get(id);
    request.onsuccess = () => request.result?.state === UNFINISHED && pieces.put({ id, number, bytes });
    return request;
  });
}

/** Make drafts of the takes of these voices whose pages went away while they were made. */
export async function recover(voices) {
  for (const take of await takesOf(voices)) {
    const mayBeUnderWay = !navigator.locks && Date.now() - take.madeAt < LONGEST_MS;
    if (take.state === UNFINISHED && !mayBeUnderWay) await ifFree(take.id, () => finish(take));
  }
}

async function finish(take) {
  const pieces = await piecesOf(take.id);
  const bytes = await new Blob(pieces).arrayBuffer();
  if (bytes.byteLength < HEAD_BYTES) return forget(take.id);
  const capture = { ...take.capture, endedBy: "interrupted" };
  await keep({ ...take, capture, bytes, digest: await digestOf(bytes), state: "draft", isInterrupted: true });
}

/** The pieces in a row from the first on: what follows a gap fits nothing. */
async function piecesOf(id) {
  const kept = await within("readonly", (_takes, _sounds, pieces) => pieces.getAll(allOf(id)));
  const gap = kept.findIndex(({ number }, place) => number !== place);
  return kept.slice(0, gap < 0 ? kept.length : gap).map(({ bytes }) => bytes);
}
