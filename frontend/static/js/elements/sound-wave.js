import { follow } from "audio/meter";
import { barsOf, draw, greatest, outlineOf } from "audio/outline";

/** `<sound-wave>` draws a sound: while it is recorded, and the finished take. It only decorates: all it says is also text. */
class SoundWave extends HTMLElement {
  #stop = null;
  #outline = [];
  #played = 1;
  #onResize = new ResizeObserver(() => this.#draw());

  connectedCallback() {
    this.#onResize.observe(this);
  }

  disconnectedCallback() {
    this.#onResize.disconnect();
    this.stop();
  }

  /** Draw what comes, newest at the end, until stop(); whoever wants no motion sees it when it is finished. */
  listen(stream) {
    this.clear();
    const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.#stop = follow(stream, (samples) => {
      this.#outline.push(greatest(samples));
      if (!isCalm) this.#draw();
    });
  }

  stop() {
    this.#stop?.();
    this.#stop = null;
  }

  /** Draw the whole take; where the browser cannot read its own bytes, what was drawn while it was recorded stays. */
  async show(bytes) {
    this.#outline = await outlineOf(bytes, barsOf(this.#canvas)).catch(() => this.#outline);
    this.#draw();
  }

  /** Show how far it has been played. */
  set played(part) {
    this.#played = part;
    this.#draw();
  }

  clear() {
    this.stop();
    this.#outline = [];
    this.#played = 1;
    this.#draw();
  }

  get #canvas() {
    return this.querySelector("canvas");
  }

  #draw() {
    const room = barsOf(this.#canvas);
    const silence = Array(Math.max(0, room - this.#outline.length)).fill(0);
    draw(this.#canvas, [...this.#outline.slice(-room), ...silence], { played: this.#played });
    this.dataset.bars = this.#outline.filter((part) => part > 0.01).length;
  }
}

customElements.define("sound-wave", SoundWave);
