import "elements/level-meter";
import "elements/time-left";
import { Attempt, hushPage, longestTake } from "audio/attempt";
import { obstacle } from "audio/microphone";
import { open } from "audio/opening";
import { act, enter, explain } from "elements/parts";

/** `<quick-take>` records one short take, which nobody keeps: dispatches `take:made`, or tells what is wrong. */
class QuickTake extends HTMLElement {
  #attempt = null;

  connectedCallback() {
    act(this, { toggle: () => this.#toggle() });
    enter(this, obstacle() === "unsupported" ? "none" : "idle");
  }

  disconnectedCallback() {
    this.#attempt?.stop();
  }

  #toggle() {
    if (this.dataset.state === "recording") this.#attempt.stop();
    else if (this.dataset.state === "idle") this.#begin();
  }

  async #begin() {
    enter(this, "opening");
    const { stream, problem } = await open();
    explain(this, problem ?? "");
    if (stream) await this.#record(stream);
    stream?.getTracks().forEach((track) => track.stop());
    enter(this, "idle");
  }

  async #record(stream) {
    const longestSeconds = longestTake(Number(this.dataset.longestSeconds));
    const tick = (seconds) => this.querySelector("time-left").show(seconds, longestSeconds);
    hushPage();
    this.#meter.isHushed = true;
    this.#meter.listen(stream);
    this.#attempt = new Attempt(stream, { longestSeconds, tick, hear: () => {} });
    await this.#attempt.began;
    tick(0);
    enter(this, "recording");
    await this.#attempt.ended;
    enter(this, "ending");
    const detail = await this.#attempt.take();
    this.#meter.stop();
    if (detail.bytes.byteLength > 0) this.dispatchEvent(new CustomEvent("take:made", { bubbles: true, detail }));
  }

  get #meter() {
    return this.querySelector("level-meter");
  }
}

customElements.define("quick-take", QuickTake);
