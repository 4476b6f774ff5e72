import { FLOOR_DBFS, follow, hintFor } from "audio/meter";

const HINT_EVERY_MS = 2500;

/** `<level-meter>` shows how loud a stream is: as a bar, in dBFS, and, calmly, in words. */
class LevelMeter extends HTMLElement {
  #stop = null;
  #loudest = FLOOR_DBFS;
  #hintedAt = 0;
  #bar;

  connectedCallback() {
    this.#bar = this.querySelector(".level > div");
  }

  disconnectedCallback() {
    this.stop();
  }

  /** Follow the stream until stop(). */
  listen(stream) {
    this.stop();
    this.#hintedAt = performance.now();
    this.#stop = follow(stream, (dbfs) => this.#show(dbfs));
  }

  stop() {
    this.#stop?.();
    this.#stop = null;
  }

  #show(dbfs) {
    const part = 1 - dbfs / FLOOR_DBFS;
    this.#bar.style.setProperty("--part", Math.max(0, Math.min(1, part)).toFixed(3));
    this.#bar.dataset.hint = hintFor(dbfs);
    this.#loudest = Math.max(this.#loudest, dbfs);
    if (performance.now() - this.#hintedAt < HINT_EVERY_MS) return;
    this.querySelector('[data-out="level"]').value = `${Math.round(this.#loudest)} dBFS`;
    this.#say(hintFor(this.#loudest));
    this.#hintedAt = performance.now();
    this.#loudest = FLOOR_DBFS;
  }

  /** Say it only when it changes: a screen reader would otherwise never be quiet. */
  #say(name) {
    const words = this.querySelector(`template[data-hint="${name}"]`).content.textContent;
    const place = this.querySelector('[data-out="hint"]');
    if (place.textContent !== words) place.textContent = words;
  }
}

customElements.define("level-meter", LevelMeter);
