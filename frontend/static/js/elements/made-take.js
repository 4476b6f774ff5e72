import "elements/sound-wave";
import { act, enter, explain } from "elements/parts";

/** `<made-take>` lets its speaker hear a take; dispatches `take:ready`, or `take:dropped` and `take:again`. */
class MadeTake extends HTMLElement {
  #take = null;
  #url = "";

  connectedCallback() {
    act(this, { send: () => this.#part("take:ready"), retake: () => this.#retake() });
    this.#player.addEventListener("timeupdate", () => this.#follow());
    enter(this, "none");
  }

  /** Show the take, and what ended it if that was not its speaker. */
  show(take, why = "none") {
    const isEmpty = take.bytes.byteLength === 0;
    this.#take = isEmpty ? null : take;
    explain(this, why);
    enter(this, isEmpty ? "nothing" : "made");
    if (isEmpty) return;
    URL.revokeObjectURL(this.#url);
    this.#url = URL.createObjectURL(new Blob([take.bytes], { type: take.mediaType }));
    this.#player.src = this.#url;
    this.querySelector("sound-wave").show(take.bytes);
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

customElements.define("made-take", MadeTake);
