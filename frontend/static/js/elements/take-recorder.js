import "elements/made-take";
import "elements/take-stage";
import { Attempt, hushPage, longestTake } from "audio/attempt";
import { act, enter } from "elements/parts";
import { onSpaceBar } from "elements/space-bar";

/** `<take-recorder>` records one take: `take:begun`, `take:piece`s, `take:made`; `microphone:wanted` when it cannot hear. */
class TakeRecorder extends HTMLElement {
  #stream = null;
  #attempt = null;
  #gone = new AbortController();

  connectedCallback() {
    act(this, { toggle: () => this.#toggle(), skip: () => this.#tell("prompt:skip"), check: () => this.#tell("microphone:wanted") });
    this.addEventListener("take:ready", () => this.reset({ isFocused: false }));
    this.addEventListener("take:again", () => this.reset());
    onSpaceBar(this, () => this.#toggle(), this.#gone);
    // What is not sent may be nowhere else: the browser asks before it is thrown away.
    window.addEventListener("beforeunload", (event) => this.isBusy && event.preventDefault(), this.#gone);
    this.reset({ isFocused: false });
  }

  disconnectedCallback() {
    this.#attempt?.stop();
    this.#gone.abort();
  }

  /** The microphone to record from. */
  set stream(stream) {
    this.#stream = stream;
    this.querySelector('[data-out="microphone"]').textContent = stream.getAudioTracks()[0].label;
    this.#stage.hear(stream);
  }

  /** Whether a take is being made, or was made and not sent. */
  get isBusy() {
    return this.dataset.state !== "idle";
  }

  /** Whether there is a microphone that hears. */
  get canHear() {
    return this.#stream?.getAudioTracks().some((track) => track.readyState === "live" && !track.muted) ?? false;
  }

  /** Begin again, with nothing recorded. */
  reset({ isFocused = true } = {}) {
    this.#stage.clear();
    this.#tick(0);
    enter(this, "idle");
    if (isFocused) this.querySelector('[data-act="toggle"]').focus();
  }

  /** Throw away what was made, if anything was. */
  drop() {
    this.#made.drop();
  }

  get #stage() {
    return this.querySelector("take-stage");
  }

  get #made() {
    return this.querySelector("made-take");
  }

  get #longestSeconds() {
    return longestTake(Number(this.dataset.longestSeconds));
  }

  #tick(seconds) {
    this.#stage.show(seconds, this.#longestSeconds);
  }

  #toggle() {
    if (this.dataset.state === "recording") this.#attempt.stop();
    else if (this.dataset.state === "idle" && this.canHear) this.#record();
    else if (this.dataset.state === "idle") this.#tell("microphone:wanted");
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { bubbles: true, detail }));
  }

  async #record() {
    enter(this, "starting");
    hushPage();
    this.#stage.isHushed = true;
    const [tick, hear] = [(seconds) => this.#tick(seconds), (piece) => this.#tell("take:piece", piece)];
    this.#attempt = new Attempt(this.#stream, { longestSeconds: this.#longestSeconds, tick, hear });
    await this.#attempt.began;
    this.#tell("take:begun", this.#attempt.facts);
    this.#stage.draw(this.#stream);
    enter(this, "recording");
    const why = await this.#attempt.ended;
    this.#stage.rest();
    enter(this, "ending");
    const take = await this.#attempt.take();
    this.#stage.isHushed = false;
    this.#tell(take.bytes.byteLength > 0 ? "take:made" : "take:dropped", take);
    await this.#made.hold(take, why);
    enter(this, "made");
    this.#made.present();
  }
}

customElements.define("take-recorder", TakeRecorder);
