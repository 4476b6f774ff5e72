import { FLOOR_DBFS, follow, hintFor, peakDbfs } from "audio/meter";

const FIGURE_EVERY_MS = 250;
const HINT_EVERY_MS = 2500;

/** `<level-meter>` shows how loud a stream is: as a bar, in dBFS, and, calmly, in words. */
class LevelMeter extends HTMLElement {
  #stop = null;
  #bar;
  // The loudest since the figure changed, and since something was said.
  #figure = { loudest: FLOOR_DBFS, at: 0 };
  #hint = { loudest: FLOOR_DBFS, at: 0 };
  // Half of our readers' eyes want no motion: for them the bar moves with the figure, twice a second.
  #every = matchMedia("(prefers-reduced-motion: reduce)").matches ? 2 * FIGURE_EVERY_MS : FIGURE_EVERY_MS;

  connectedCallback() {
    this.#bar = this.querySelector(".level > div");
  }

  disconnectedCallback() {
    this.stop();
  }

  /** Follow the stream until stop(). */
  listen(stream) {
    this.stop();
    this.#hint.at = performance.now();
    this.#stop = follow(stream, (samples) => this.#show(peakDbfs(samples)));
  }

  stop() {
    this.#stop?.();
    this.#stop = null;
  }

  /** Nobody wants to hear a screen reader in a recording: while it is hushed the words are there to be read only. */
  set isHushed(isHushed) {
    this.#place("hint").setAttribute("aria-live", isHushed ? "off" : "polite");
  }

  #show(level) {
    for (const span of [this.#figure, this.#hint]) span.loudest = Math.max(span.loudest, level);
    const isCalm = this.#every > FIGURE_EVERY_MS;
    if (!isCalm) this.#move(level);
    if (isOver(this.#figure, this.#every)) {
      if (isCalm) this.#move(this.#figure.loudest);
      this.#place("level").textContent = `${Math.round(this.#figure.loudest)} dBFS`.replace("-", "−");
      begin(this.#figure);
    }
    // What is cut off is said at once, everything else after a while.
    if (hintFor(level) !== "loud" && !isOver(this.#hint, HINT_EVERY_MS)) return;
    this.#say(hintFor(this.#hint.loudest));
    begin(this.#hint);
  }

  #move(level) {
    const part = 1 - level / FLOOR_DBFS;
    this.#bar.style.setProperty("--part", Math.max(0, Math.min(1, part)).toFixed(3));
    this.#bar.dataset.hint = hintFor(level);
  }

  /** Say it only when it changes: a screen reader would otherwise never be quiet. */
  #say(name) {
    const words = this.querySelector(`template[data-hint="${name}"]`).content.textContent;
    if (this.#place("hint").textContent !== words) this.#place("hint").textContent = words;
  }

  #place(name) {
    return this.querySelector(`[data-out="${name}"]`);
  }
}

function isOver(span, ms) {
  return performance.now() - span.at >= ms;
}

function begin(span) {
  span.loudest = FLOOR_DBFS;
  span.at = performance.now();
}

customElements.define("level-meter", LevelMeter);
