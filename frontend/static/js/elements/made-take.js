import "elements/sound-wave";
import { act, enter, explain } from "elements/parts";

const LOADING_MS = 1000;
const SETTLING_MS = 100;

/** `<made-take>` lets its speaker hear a take; dispatches `take:ready`, or `take:dropped` and `take:again`. */
class MadeTake extends HTMLElement {
  #take = null;
  #url = "";

  connectedCallback() {
    act(this, { send: () => this.#part("take:ready"), retake: () => this.#retake() });
    this.#player.addEventListener("timeupdate", () => this.#follow());
    enter(this, "none");
  }

  /** Take it in, and what ended it if that was not its speaker; resolves when all of it can be shown at once. */
  async hold(take, why = "none") {
    const isEmpty = take.bytes.byteLength === 0;
    this.#take = isEmpty ? null : take;
    explain(this, why);
    if (isEmpty) return enter(this, "nothing");
    URL.revokeObjectURL(this.#url);
    this.#url = URL.createObjectURL(new Blob([take.bytes], { type: take.mediaType }));
    this.#player.src = this.#url;
    // The browser's own player moves its parts when it learns how long the take is: it does so before it is in sight.
    await Promise.race([once(this.#player, "loadedmetadata"), once(this.#player, "error"), pause(LOADING_MS)]);
    await pause(SETTLING_MS);
    enter(this, "made");
  }

  /** To be called when it is in sight. */
  present() {
    if (!this.#take) return this.querySelector('[data-act="retake"]').focus({ preventScroll: true });
    this.querySelector("sound-wave").show(this.#take.bytes);
    this.querySelector('[data-act="send"]').focus({ preventScroll: true });
  }

  /** Throw it away, if there is one. */
  drop() {
    if (this.#take) this.#part("take:dropped");
  }

  #retake() {
    this.drop();
    this.dispatchEvent(new CustomEvent("take:again", { bubbles: true }));
  }

  #part(name) {
    const take = this.#take;
    this.#take = null;
    this.#player.pause();
    this.dispatchEvent(new CustomEvent(name, { bubbles: true, detail: take }));
  }

  get #player() {
    return this.querySelector("audio");
  }

  #follow() {
    const { currentTime, duration, ended } = this.#player;
    this.querySelector("sound-wave").played = ended || !duration ? 1 : currentTime / duration;
  }
}

function once(target, name) {
  return new Promise((go) => target.addEventListener(name, go, { once: true }));
}

function pause(ms) {
  return new Promise((go) => setTimeout(go, ms));
}

customElements.define("made-take", MadeTake);
