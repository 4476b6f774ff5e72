import { act, enter, explain } from "elements/parts";

const MIDDLE = 40;

/** `<clip-player>` plays one clip over the outline of its sound; `data-heard` says that it was played to its end. */
class ClipPlayer extends HTMLElement {
  #audio;

  connectedCallback() {
    this.#audio = this.querySelector("audio");
    act(this, { play: () => (this.#audio.paused ? this.#audio.play() : this.#audio.pause()) });
    this.#audio.addEventListener("play", () => enter(this, "playing"));
    this.#audio.addEventListener("pause", () => enter(this, "paused"));
    this.#audio.addEventListener("timeupdate", () => this.#follow());
    this.#audio.addEventListener("ended", () => (this.dataset.heard = "true"));
    this.#audio.addEventListener("error", () => this.#fail());
    if (this.#audio.error) this.#fail();
    enter(this, "paused");
    this.#draw();
  }

  /** A clip that nobody can play must still be answered. */
  #fail() {
    this.dataset.heard = "unplayable";
    explain(this, "unplayable");
  }

  async #draw() {
    const response = await fetch(this.dataset.peaks).catch(() => null);
    const peaks = response?.ok ? await response.json() : [];
    if (peaks.length === 0) return;
    const loudest = Math.max(...peaks, 0.05);
    const step = 400 / peaks.length;
    const strokes = peaks.map((peak, place) => {
      const half = Math.max(0.75, (peak / loudest) * (MIDDLE - 3));
      return `M${((place + 0.5) * step).toFixed(2)} ${(MIDDLE - half).toFixed(2)}v${(2 * half).toFixed(2)}`;
    });
    this.querySelector(".sound").setAttribute("d", strokes.join(""));
  }

  #follow() {
    const part = this.#audio.duration > 0 ? this.#audio.currentTime / this.#audio.duration : 0;
    const line = this.querySelector(".outline line");
    for (const end of ["x1", "x2"]) line.setAttribute(end, (400 * part).toFixed(1));
  }
}

customElements.define("clip-player", ClipPlayer);
