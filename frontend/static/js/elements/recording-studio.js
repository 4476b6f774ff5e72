import "elements/clip-verdict";
import "elements/microphone-check";
import "elements/mode-choice";
import "elements/prompt-card";
import "elements/skip-reasons";
import "elements/take-queue";
import "elements/take-recorder";
import { enter, explain } from "elements/parts";

/** `<recording-studio>` decides what follows what: microphone, sentence, take, verdict, next sentence. */
class RecordingStudio extends HTMLElement {
  #kept = null;

  connectedCallback() {
    this.addEventListener("microphone:ready", (event) => this.#begin(event.detail));
    // What was made before the microphone went stays in sight.
    this.addEventListener("microphone:lost", () => enter(this, this.#recorder.isBusy ? "rescue" : "check"));
    this.addEventListener("microphone:wanted", () => this.#check());
    this.addEventListener("take:begun", (event) => this.#queue.begin({ ...event.detail, ...this.#card.facts }));
    this.addEventListener("take:piece", (event) => this.#queue.add(event.detail));
    this.addEventListener("take:made", (event) => this.#keep(event.detail));
    this.addEventListener("take:dropped", (event) => this.#queue.drop(event.detail.id));
    this.addEventListener("take:ready", (event) => this.#give(event.detail));
    for (const name of ["stored", "waiting", "refused"]) {
      this.addEventListener(`take:${name}`, (event) => this.#verdict.hear(name, event.detail));
    }
    this.addEventListener("takes:shown", (event) => this.#point(event.detail));
    this.addEventListener("prompt:skip", () => this.querySelector("skip-reasons").ask(this.#card.facts.prompt));
    this.addEventListener("prompt:skipped", () => this.#next());
    this.addEventListener("prompt:shown", (event) => this.#fit(event.detail));
    this.addEventListener("mode:chosen", () => this.#change());
    this.querySelector("clip-verdict").addEventListener("click", (event) => this.#after(event));
    enter(this, this.#card.isEnough ? "enough" : "check");
  }

  get #card() {
    return this.querySelector("prompt-card");
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
    if (this.#card.isEnough) return;
    enter(this, "ready");
    if (!this.#recorder.isBusy) this.#recorder.reset({ isFocused: !isUnasked });
  }

  #check() {
    enter(this, "check");
    this.querySelector("microphone-check").again();
  }

  /** On the device before it is heard or sent: a tab that is killed loses nothing. */
  #keep(made) {
    const { id, bytes, mediaType, capture } = made;
    this.#kept = this.#queue.keep({ id, bytes, mediaType, capture, ...this.#card.facts });
  }

  /** Takes that were cut off wait at the page's end: say so where it begins. */
  #point({ interrupted }) {
    this.querySelector('[data-out="interrupted"]').hidden = interrupted === 0;
  }

  async #give({ id }) {
    enter(this, "sent");
    this.#verdict.follow(id);
    this.#verdict.querySelector('[data-act="next"]').focus();
    await this.#kept;
    await this.#queue.send(id);
  }

  #after(event) {
    const wish = event.target.closest("[data-act]")?.dataset.act;
    if (wish === "next") this.#next({ isSpoken: true });
    if (wish === "again") this.#again();
  }

  #again() {
    this.#verdict.say("none");
    if (!this.#recorder.canHear) return this.#check();
    enter(this, "ready");
    this.#recorder.reset();
  }

  async #next({ isSpoken = false } = {}) {
    if (!(await this.#fetched(isSpoken))) return;
    this.#recorder.drop();
    if (!this.#card.isEnough) return this.#again();
    this.#verdict.say("none");
    enter(this, "enough");
  }

  /** In another mode: whoever is speaking, or listens to what was made, finishes that first. */
  async #change() {
    if (this.dataset.state === "sent") return this.#next({ isSpoken: true });
    if (!this.#recorder.isBusy) await this.#fetched(false);
  }

  async #fetched(isSpoken) {
    const { mode } = this.querySelector("mode-choice");
    const problem = await this.#card.next({ mode, isSpoken }).then(() => "none", () => "no-prompt");
    explain(this, problem);
    return problem === "none";
  }

  /** What is told freely may take longer. */
  #fit({ longestSeconds }) {
    if (longestSeconds) this.#recorder.dataset.longestSeconds = longestSeconds;
    if (!this.#recorder.isBusy) this.#recorder.reset({ isFocused: false });
  }
}

customElements.define("recording-studio", RecordingStudio);
