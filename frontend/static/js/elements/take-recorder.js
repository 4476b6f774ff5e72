import "elements/level-meter";
import { clockTime, Recording } from "audio/recording";
import { act, enter } from "elements/parts";

const BUSY = "button, a, input, select, textarea, summary, audio, [contenteditable]";

/**
 * `<take-recorder>` records one take and lets its speaker hear it. It dispatches `take:made` the moment the sound is
 * whole, so that it can be kept, and then `take:ready` when it is to be sent or `take:dropped` when it is not wanted;
 * all three carry the take's id.
 */
class TakeRecorder extends HTMLElement {
  #stream = null;
  #recording = null;
  #take = null;
  #clock = null;
  #onKey = (event) => this.#pressed(event);
  // A take that was not sent is nowhere else yet: the browser asks before it is thrown away.
  #onLeave = (event) => ["recording", "ending", "made"].includes(this.dataset.state) && event.preventDefault();

  connectedCallback() {
    act(this, {
      toggle: () => this.#toggle(),
      retake: () => this.#drop(),
      send: () => this.#send(),
      skip: () => this.dispatchEvent(new CustomEvent("prompt:skip", { bubbles: true })),
    });
    this.querySelector('[data-out="longest"]').textContent = clockTime(this.#longest);
    document.addEventListener("keydown", this.#onKey);
    window.addEventListener("beforeunload", this.#onLeave);
    enter(this, "idle");
  }

  disconnectedCallback() {
    document.removeEventListener("keydown", this.#onKey);
    window.removeEventListener("beforeunload", this.#onLeave);
  }

  /** The microphone to record from. */
  set stream(stream) {
    this.#stream = stream;
    this.querySelector("level-meter").listen(stream);
  }

  /** Begin again, with nothing recorded. */
  reset() {
    this.#take = null;
    this.#show(0);
    enter(this, "idle");
    this.querySelector('[data-act="toggle"]').focus();
  }

  get #longest() {
    return Number(this.dataset.longestSeconds);
  }

  #pressed(event) {
    const isOurs = event.key === " " && !event.repeat && !event.target.closest(BUSY) && this.checkVisibility();
    if (!isOurs || !this.#stream) return;
    event.preventDefault();
    if (["idle", "recording"].includes(this.dataset.state)) this.#toggle();
  }

  #toggle() {
    if (this.dataset.state === "recording") return this.#stop();
    if (this.dataset.state !== "idle") return;
    this.#recording = new Recording(this.#stream);
    this.#clock = setInterval(() => this.#tick(), 100);
    enter(this, "recording");
  }

  #tick() {
    this.#show(this.#recording.seconds);
    // The tail and a little slowness of the browser still fit under the site's limit.
    if (this.#recording.seconds >= this.#longest - 1) this.#stop();
  }

  async #stop() {
    clearInterval(this.#clock);
    enter(this, "ending");
    this.#take = { id: crypto.randomUUID(), ...(await this.#recording.stop()) };
    if (this.#take.bytes.byteLength === 0) return enter(this, "nothing");
    this.#tell("take:made", this.#take);
    const sound = new Blob([this.#take.bytes], { type: this.#take.mediaType });
    this.querySelector("audio").src = URL.createObjectURL(sound);
    enter(this, "made");
    this.querySelector('[data-act="send"]').focus();
  }

  #send() {
    const take = this.#take;
    this.#take = null;
    enter(this, "idle");
    if (take) this.#tell("take:ready", take);
  }

  #drop() {
    if (this.#take) this.#tell("take:dropped", this.#take);
    this.reset();
  }

  #tell(name, take) {
    this.dispatchEvent(new CustomEvent(name, { bubbles: true, detail: take }));
  }

  #show(seconds) {
    this.querySelector('[data-out="elapsed"]').value = clockTime(seconds);
  }
}

customElements.define("take-recorder", TakeRecorder);
