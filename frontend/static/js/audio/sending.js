// Who brings the kept takes to the site, on any page and in the service worker: each take by one of them at a time.
// It imports nothing, since a worker has no import map: what it needs is handed to it.

const KEPT_MS = 7 * 24 * 3600 * 1000;
// A take that another tab is sending is looked at again after so long.
const LOOK_AGAIN_MS = 5000;

/** Sends the waiting takes of these voices; tells `sending`, `progress`, `stored`, `waiting`, `refused`, in every tab. */
export class Sending extends EventTarget {
  #takes;
  #upload;
  #pattern;
  #voices;
  #channel = new BroadcastChannel("takes");
  #timer = null;
  #round = null;
  #isUrgent = false;

  constructor({ takes, upload, pattern, voices }) {
    super();
    [this.#takes, this.#upload, this.#pattern, this.#voices] = [takes, upload, pattern, voices];
    this.#channel.onmessage = ({ data: { name, ...detail } }) => this.#hear(name, detail);
  }

  /** Bring all that is due, then wait for what is not; `now`: whatever its pause, as the connection came back. */
  async all({ now = false } = {}) {
    this.#isUrgent ||= now;
    // One round at a time, however many ask: fifty takes sent for at once are no fifty rounds.
    this.#round ??= this.#everyDue().finally(() => (this.#round = null));
    await this.#round;
  }

  /** Try once with this take, unless another is at it; `patiently`: once the other is done. */
  async bring(id, { patiently = false } = {}) {
    await alone(`take-${id}`, !patiently, async () => {
      const take = await this.#takes.takeOf(id);
      // Sent, discarded or put back while we waited; and never with a voice that is not this person's.
      if (take?.state === "waiting" && this.#voices.includes(take.voice)) await this.#try(take);
    });
  }

  /** Tell this page and all others. */
  tell(name, detail) {
    this.#hear(name, detail);
    this.#channel.postMessage({ name, ...detail });
  }

  async #everyDue() {
    clearTimeout(this.#timer);
    do {
      const isUrgent = this.#isUrgent;
      this.#isUrgent = false;
      for (const { id, nextAt } of await this.#waiting()) {
        if (isUrgent || (nextAt ?? 0) <= Date.now()) await this.bring(id);
      }
    } while (this.#isUrgent);
    const pauses = (await this.#waiting()).map(({ nextAt }) => (nextAt ?? 0) - Date.now());
    if (pauses.length > 0) this.#timer = setTimeout(() => this.all(), soonest(pauses));
  }

  async #waiting() {
    const takes = await this.#takes.takesOf(this.#voices);
    return takes.filter(({ state }) => state === "waiting");
  }

  async #try(take) {
    const { id } = take;
    this.tell("sending", { id });
    const onProgress = (part) => this.tell("progress", { id, part });
    const bytes = await this.#takes.soundOf(id);
    const { outcome, ...more } = await this.#upload.send(take, bytes, { pattern: this.#pattern, onProgress });
    if (outcome === "stored") await this.#takes.forget(id);
    else if (outcome === "refused") await this.#takes.change(id, { state: "refused", refusal: more.message });
    else await this.#keepOn(take, more.pause);
    this.tell(outcome === "later" ? "waiting" : outcome, { id, ...more });
  }

  async #keepOn({ id, tries = 0, since, madeAt }, pause = 0) {
    const isTooOld = Date.now() - (since ?? madeAt) > KEPT_MS;
    const nextAt = Date.now() + Math.max(pause, this.#upload.pauseAfter(tries + 1));
    await this.#takes.change(id, isTooOld ? { state: "refused", refusal: "" } : { tries: tries + 1, nextAt });
  }

  #hear(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

function soonest(pauses) {
  const pause = Math.min(...pauses);
  return pause > 0 ? pause : LOOK_AGAIN_MS;
}

/** Act while no other tab and no worker holds the name. */
function alone(name, ifAvailable, act) {
  if (!navigator.locks) return act();
  return navigator.locks.request(name, { ifAvailable }, (lock) => (lock ? act() : undefined));
}
