import { addressOf } from "audio/upload";
import { enter } from "elements/parts";

const PAUSES_MS = [400, 600, 800, 1000, 1500, 2000, 3000];
const PATIENCE_MS = 45_000;
const OUTCOMES = { IN_REVIEW: "usable", ACCEPTED: "usable", UNUSABLE: "unusable", REJECTED: "unusable" };

/** `<clip-verdict>` asks how a clip fares until the site knows, and says it where screen readers listen. */
class ClipVerdict extends HTMLElement {
  #followed = null;
  #watched = null;

  /** From now on it is about the take of that id, which is being sent. */
  follow(id) {
    this.say("sending");
    this.#followed = id;
  }

  /** How a take fared: "stored", "waiting" or "refused"; only the one that is followed counts. */
  hear(name, { id }) {
    if (id !== this.#followed) return;
    if (name === "stored") this.watch(id);
    else this.say(name);
  }

  /** Say where the take is before the site has it: "sending", "waiting", "refused"; "none" hides all. */
  say(state) {
    this.#watched = null;
    this.hidden = state === "none";
    if (this.hidden) this.#followed = null;
    this.#list([]);
    enter(this, state);
  }

  /** Ask after the clip, ever more slowly, until there is a verdict or patience ends. */
  async watch(id) {
    this.say("checking");
    this.#watched = id;
    const beganAt = performance.now();
    for (let tries = 0; this.#watched === id && performance.now() - beganAt < PATIENCE_MS; tries += 1) {
      await new Promise((go) => setTimeout(go, PAUSES_MS[Math.min(tries, PAUSES_MS.length - 1)]));
      const clip = await fetch(addressOf(this.dataset.address, id))
        .then((response) => (response.ok ? response.json() : null))
        .catch(() => null);
      if (this.#watched === id && clip?.is_final) return this.#tell(clip);
    }
    if (this.#watched === id) enter(this, "slow");
  }

  #tell(clip) {
    this.#watched = null;
    for (const [part, said] of Object.entries(clip.advice ?? {})) {
      for (const place of this.querySelectorAll(`[data-out="${part}"]`)) place.textContent = said;
    }
    this.#list(clip.warnings);
    enter(this, OUTCOMES[clip.status] ?? "set-aside");
    this.dispatchEvent(new CustomEvent("clip:judged", { bubbles: true, detail: clip }));
  }

  #list(warnings) {
    const list = this.querySelector('[data-out="warnings"]');
    list.replaceChildren(...warnings.map(({ text, tip }) => Object.assign(document.createElement("li"), { textContent: `${text} ${tip}` })));
    list.hidden = warnings.length === 0;
  }
}

customElements.define("clip-verdict", ClipVerdict);
