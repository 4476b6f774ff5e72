import "elements/clip-verdict";
import "elements/microphone-check";
import "elements/prompt-card";
import "elements/take-queue";
import "elements/take-recorder";
import { enter, explain } from "elements/parts";

/** `<recording-studio>` decides what follows what: microphone, sentence, take, verdict, next sentence. */
class RecordingStudio extends HTMLElement {
  #current = null;
  #kept = null;

  connectedCallback() {
    this.addEventListener("microphone:ready", (event) => this.#begin(event.detail));
    // What was made before the microphone went stays in sight.
    this.addEventListener("microphone:lost", () => enter(this, this.#recorder.isBusy ? "rescue" : "check"));
    this.addEventListener("microphone:wanted", () => this.#check());
    this.addEventListener("take:made", (event) => this.#keep(event.detail));
    this.addEventListener("take:dropped", (event) => this.#queue.drop(event.detail.id));
    this.addEventListener("take:ready", (event) => this.#give(event.detail));
    this.addEventListener("take:stored", (event) => this.#ifCurrent(event, () => this.#verdict.watch(event.detail.id)));
    this.addEventListener("take:waiting", (event) => this.#ifCurrent(event, () => this.#verdict.say("waiting")));
    this.addEventListener("take:refused", (event) => this.#ifCurrent(event, () => this.#verdict.say("refused")));
    this.addEventListener("prompt:skip", () => this.#next());
    this.querySelector("clip-verdict").addEventListener("click", (event) => this.#after(event));
    enter(this, "check");
  }

  get #verdict() {
    return this.querySelector("clip-verdict");
  }

  get #recorder() {
    return this.querySelector("take-recorder");
  }

  get #queue() {
    return this.querySelector("take-queue");
  }

  #begin({ stream, isUnasked }) {
    this.#recorder.stream = stream;
    if (this.querySelector("prompt-card").isEnough) return;
    enter(this, "ready");
    if (!this.#recorder.isBusy) this.#recorder.reset({ isFocused: !isUnasked });
  }

  #check() {
    enter(this, "check");
    this.querySelector("microphone-check").again();
  }

  /** On the device before it is heard or sent: a tab that is killed loses nothing. */
  #keep(made) {
    made.id ??= crypto.randomUUID();
    const { id, bytes, mediaType, capture } = made;
    this.#kept = this.#queue.keep({ id, bytes, mediaType, capture, ...this.querySelector("prompt-card").facts });
  }

  async #give({ id }) {
    this.#current = id;
    enter(this, "sent");
    this.#verdict.say("sending");
    this.#verdict.querySelector('[data-act="next"]').focus();
    await this.#kept;
    await this.#queue.send(id);
  }

  #ifCurrent(event, then) {
    if (event.detail.id === this.#current) then();
  }

  #after(event) {
    const wish = event.target.closest("[data-act]")?.dataset.act;
    if (wish === "next") this.#next();
    if (wish === "again") this.#again();
  }

  #again() {
    this.#current = null;
    this.#verdict.say("none");
    if (!this.#recorder.canHear) return this.#check();
    enter(this, "ready");
    this.#recorder.reset();
  }

  async #next() {
    try {
      await this.querySelector("prompt-card").next();
      explain(this, "none");
    } catch {
      return explain(this, "no-prompt");
    }
    this.#again();
  }
}

customElements.define("recording-studio", RecordingStudio);
