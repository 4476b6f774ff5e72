import "elements/sound-wave";
import { loaded } from "audio/playing";
import { act, enter, explain } from "elements/parts";

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
    // Sent as it is, it would be refused; what else ended it is the better word.
    explain(this, why === "none" && take.isSilent ? "silent" : why);
    if (isEmpty) return enter(this, "nothing");
    URL.revokeObjectURL(this.#url);
    this.#url = URL.createObjectURL(new Blob([take.bytes], { type: take.mediaType }));
    this.#player.src = this.#url;
    // The browser's own player moves its parts when it learns how long the take is: it does so before it is in sight.
    await loaded(this.#player);
    await pause(SETTLING_MS);
    enter(this, "made");
  }

  /** To be called when it is in sight. */
  present() {
    const first = this.#take && !this.#take.isSilent ? "send" : "retake";
    if (this.#take) this.querySelector("sound-wave").show(this.#take.bytes);
    this.querySelector(`[data-act="${first}"]`).focus({ preventScroll: true });
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

function pause(ms) {
  return new Promise((go) => setTimeout(go, ms));
}

customElements.define("made-take", MadeTake);
