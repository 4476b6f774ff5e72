import "elements/level-meter";
import { follow, FLOOR_DBFS } from "audio/meter";
import { microphones, obstacle, openMicrophone, problemOf } from "audio/microphone";
import { Recording } from "audio/recording";
import { act, enter, explain } from "elements/parts";

const TEST_MS = 3000;
const SILENT_DBFS = -50;

/** `<microphone-check>` explains, asks, tests and plays back; dispatches `microphone:ready` with the stream. */
class MicrophoneCheck extends HTMLElement {
  #stream = null;

  connectedCallback() {
    this.querySelector("select").addEventListener("change", (event) => this.#open(event.target.value));
    act(this, { open: () => this.#open(), test: () => this.#test(), done: () => this.#done() });
    const why = obstacle();
    if (why) this.fail(why);
    else enter(this, "explain");
  }

  /** Tell the one thing that is wrong. */
  fail(problem, error) {
    this.querySelector('[data-out="problem"]').textContent = error ? `${error.name}: ${error.message}` : "";
    explain(this, problem);
    enter(this, "problem");
  }

  async #open(deviceId) {
    const why = obstacle();
    if (why) return this.fail(why);
    enter(this, "opening");
    this.#stream?.getTracks().forEach((track) => track.stop());
    try {
      this.#stream = await openMicrophone(deviceId);
    } catch (error) {
      return this.fail(problemOf(error), error);
    }
    const [track] = this.#stream.getAudioTracks();
    track.addEventListener("ended", () => this.#lose());
    this.#offer(await microphones(), track.getSettings().deviceId);
    this.querySelector("level-meter").listen(this.#stream);
    enter(this, "open");
    this.querySelector('[data-act="test"]').focus();
  }

  /** Whoever has more than one microphone chooses; the system's first choice is often the wrong one. */
  #offer(found, current) {
    const options = found.map(({ label, deviceId }) => new Option(label, deviceId, false, deviceId === current));
    this.querySelector("select").replaceChildren(...options);
    this.querySelector('[data-out="choice"]').hidden = found.length < 2;
  }

  async #test() {
    enter(this, "testing");
    let loudest = FLOOR_DBFS;
    const unfollow = follow(this.#stream, (dbfs) => (loudest = Math.max(loudest, dbfs)));
    const { bytes, mediaType } = await new Recording(this.#stream).stop({ tail: TEST_MS });
    unfollow();
    this.querySelector("audio").src = URL.createObjectURL(new Blob([bytes], { type: mediaType }));
    explain(this, loudest < SILENT_DBFS ? "unheard" : "none");
    enter(this, "heard");
    this.querySelector('[data-act="done"]').focus();
  }

  #done() {
    this.querySelector("level-meter").stop();
    this.dispatchEvent(new CustomEvent("microphone:ready", { bubbles: true, detail: { stream: this.#stream } }));
  }

  #lose() {
    this.querySelector("level-meter").stop();
    this.fail("lost");
    this.dispatchEvent(new CustomEvent("microphone:lost", { bubbles: true }));
  }
}

customElements.define("microphone-check", MicrophoneCheck);
