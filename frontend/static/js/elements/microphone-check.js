import "elements/check-findings";
import "elements/level-meter";
import "elements/microphone-choice";
import { obstacle, permission } from "audio/microphone";
import { isChecked, open } from "audio/opening";
import { remember } from "audio/remembered";
import { tryOut } from "audio/trial";
import { act, enter, explain } from "elements/parts";

/** `<microphone-check>` explains, asks, tests, plays back; dispatches `microphone:ready` with the stream, `microphone:lost`. */
class MicrophoneCheck extends HTMLElement {
  #stream = null;

  async connectedCallback() {
    this.addEventListener("microphone:chosen", (event) => this.#open({ deviceId: event.detail }));
    act(this, { open: () => this.#open({ mayHurry: true }), test: () => this.#test(), done: () => this.#done() });
    const why = obstacle();
    if (why) return this.fail(why);
    // Where the person has allowed it before, a microphone that passed the check on this device is opened without a word.
    enter(this, isChecked() ? "opening" : "explain");
    if (isChecked() && (await permission()) === "granted") this.#open({ mayHurry: true, isUnasked: true });
    else enter(this, "explain");
  }

  /** Go through the check once more. */
  again() {
    if (this.#stream?.active) this.#offer();
    else this.#open({});
  }

  /** Tell the one thing that is wrong. */
  fail(problem, error) {
    this.querySelector("level-meter").stop();
    this.querySelector('[data-out="error"]').textContent = error ? `${error.name}: ${error.message}` : "";
    explain(this, problem);
    enter(this, "problem");
  }

  async #open({ deviceId, mayHurry = false, isUnasked = false }) {
    enter(this, "opening");
    this.#stream?.getTracks().forEach((track) => track.stop());
    const opened = await open(deviceId);
    if (opened.problem) return this.fail(opened.problem, opened.error);
    this.#stream = opened.stream;
    explain(this, opened.isAnother ? "another" : "none");
    this.#watch(this.#stream.getAudioTracks()[0]);
    if (mayHurry && opened.isChecked) this.#done({ isUnasked });
    else await this.#offer();
  }

  #watch(track) {
    track.addEventListener("ended", () => this.#lose("lost"));
    track.addEventListener("mute", () => this.#lose("muted"));
    track.addEventListener("unmute", () => (isChecked() ? this.#done({ isUnasked: true }) : this.#offer()));
    if (track.muted) queueMicrotask(() => this.#lose("muted"));
  }

  #lose(problem) {
    this.fail(problem);
    this.dispatchEvent(new CustomEvent("microphone:lost", { bubbles: true }));
  }

  async #offer() {
    await this.querySelector("microphone-choice").offer(this.#stream);
    this.querySelector('[data-out="skip"]').hidden = !isChecked();
    this.querySelector("level-meter").listen(this.#stream);
    enter(this, "open");
    this.querySelector('[data-when="open"] [data-act="test"]').focus();
  }

  async #test() {
    enter(this, "hushing");
    const { sound, findings } = await tryOut(this.#stream, { speak: () => this.dataset.state === "hushing" && enter(this, "testing") });
    if (this.dataset.state !== "testing") return;
    this.querySelector("audio").src = URL.createObjectURL(sound);
    this.querySelector("check-findings").tell(findings);
    const state = findings.voice.is === "silent" ? "unheard" : "heard";
    enter(this, state);
    this.querySelector(`[data-when="${state}"] .primary`).focus();
  }

  #done({ isUnasked = false } = {}) {
    this.querySelector("level-meter").stop();
    remember(this.#stream, { isChecked: true });
    enter(this, "done");
    const detail = { stream: this.#stream, isUnasked };
    this.dispatchEvent(new CustomEvent("microphone:ready", { bubbles: true, detail }));
  }
}

customElements.define("microphone-check", MicrophoneCheck);
