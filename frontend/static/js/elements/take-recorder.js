import "elements/level-meter";
import "elements/made-take";
import "elements/sound-wave";
import "elements/time-left";
import { Attempt, hushPage, longestTake } from "audio/attempt";
import { act, enter } from "elements/parts";
import { onSpaceBar } from "elements/space-bar";

/** `<take-recorder>` records one take: `take:made` when there is one; `microphone:wanted` when it has nothing to hear with. */
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
    this.#meter.listen(stream);
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
    this.#wave.clear();
    this.#tick(0);
    enter(this, "idle");
    if (isFocused) this.querySelector('[data-act="toggle"]').focus();
  }

  /** Show a take, also one of an earlier visit, and what ended it if that was not its speaker. */
  async show(take, why) {
    await this.querySelector("made-take").hold(take, why);
    enter(this, "made");
    this.querySelector("made-take").present();
  }

  /** Throw away what was made, if anything was. */
  drop() {
    this.querySelector("made-take").drop();
  }

  get #meter() {
    return this.querySelector("level-meter");
  }

  get #wave() {
    return this.querySelector("sound-wave");
  }

  get #longestSeconds() {
    return longestTake(Number(this.dataset.longestSeconds));
  }

  #tick(seconds) {
    this.querySelector("time-left").show(seconds, this.#longestSeconds);
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
    this.#meter.isHushed = true;
    this.#attempt = new Attempt(this.#stream, { longestSeconds: this.#longestSeconds, tick: (now) => this.#tick(now) });
    await this.#attempt.began;
    this.#wave.listen(this.#stream);
    enter(this, "recording");
    const why = await this.#attempt.ended;
    this.#wave.stop();
    enter(this, "ending");
    const take = await this.#attempt.take();
    this.#meter.isHushed = false;
    if (take.bytes.byteLength > 0) this.#tell("take:made", take);
    await this.show(take, why);
  }
}

customElements.define("take-recorder", TakeRecorder);
