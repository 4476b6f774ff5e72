import { bytesOf } from "audio/ahead";
import { isHeard } from "audio/heard";
import { levelled } from "audio/loudness";
import { act, enter, explain } from "elements/parts";

const MIDDLE = 40;

/** `<clip-player>` plays one clip over the outline of its sound; `clip:heard` and `data-heard` say that it was played to its end. */
class ClipPlayer extends HTMLElement {
  #audio;

  connectedCallback() {
    this.#audio = this.querySelector("audio");
    act(this, { play: () => (this.#audio.paused ? this.#audio.play() : this.#audio.pause()) });
    this.#audio.addEventListener("play", () => enter(this, "playing"));
    this.#audio.addEventListener("pause", () => enter(this, "paused"));
    this.#audio.addEventListener("timeupdate", () => this.#follow());
    // Emotion is heard at the speed at which it was spoken.
    this.#audio.addEventListener("ratechange", () => this.#audio.playbackRate !== 1 && (this.#audio.playbackRate = 1));
    this.#audio.addEventListener("ended", () => (isHeard(this.#audio) ? this.#hear("true") : explain(this, "skipped")));
    this.#audio.addEventListener("error", () => this.#fail());
    this.querySelector(".spectrogram img")?.addEventListener("error", (event) => (event.target.closest("details").hidden = true));
    if (this.#audio.error) this.#fail();
    enter(this, "paused");
    this.#level();
    this.#draw();
  }

  /** A clip that nobody can play must still be answered. */
  #fail() {
    explain(this, "unplayable");
    this.#hear("unplayable", "unplayable");
  }

  #hear(how, problem = null) {
    this.dataset.heard = how;
    explain(this, problem);
    this.dispatchEvent(new CustomEvent("clip:heard", { bubbles: true }));
  }

  /** Play it as loud as the others, unless it is wanted as it was recorded; some browsers know no way to. */
  #level() {
    const gain = Number(this.dataset.gain);
    if (!gain || !window.AudioContext) return;
    const turn = levelled(this.#audio, gain);
    const box = this.querySelector('[data-act="raw"]');
    box.closest("label").hidden = false;
    box.addEventListener("change", () => turn(box.checked));
  }

  async #draw() {
    const bytes = await bytesOf(this.dataset.peaks);
    const peaks = bytes ? JSON.parse(await bytes.text()) : [];
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
