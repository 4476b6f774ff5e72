import "elements/clip-verdict";
import "elements/microphone-check";
import "elements/prompt-card";
import "elements/take-queue";
import "elements/take-recorder";
import { digestOf } from "audio/upload";
import { enter, explain } from "elements/parts";

/** `<recording-studio>` decides what follows what: microphone, sentence, take, verdict, next sentence. */
class RecordingStudio extends HTMLElement {
  #current = null;

  connectedCallback() {
    this.addEventListener("microphone:ready", (event) => this.#begin(event.detail.stream));
    this.addEventListener("microphone:lost", () => enter(this, "check"));
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

  #begin(stream) {
    this.#recorder.stream = stream;
    enter(this, "ready");
    this.#recorder.reset();
  }

  async #give(made) {
    const { bytes, mediaType, capture } = made;
    this.#current = crypto.randomUUID();
    const take = { id: this.#current, bytes, mediaType, capture, ...this.querySelector("prompt-card").facts };
    enter(this, "sent");
    this.#verdict.say("sending");
    this.#verdict.querySelector('[data-act="next"]').focus();
    await this.querySelector("take-queue").add({ ...take, digest: await digestOf(bytes) });
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
