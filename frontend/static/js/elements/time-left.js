import { clockTime } from "audio/recording";

const TOLD_SECONDS = 5;

/** `<time-left>` shows how long a take is, and counts its last seconds down: as a figure and as a bar. */
class TimeLeft extends HTMLElement {
  /** Say how long the take is now, and how long it may become. */
  show(seconds, longest) {
    const left = Math.max(0, longest - seconds);
    const isEnding = seconds > 0 && left <= TOLD_SECONDS;
    this.#place("elapsed").textContent = clockTime(seconds);
    this.#place("longest").textContent = clockTime(longest);
    this.#place("left").textContent = Math.ceil(left);
    this.#place("bar").style.setProperty("--part", (isEnding ? left / TOLD_SECONDS : 1).toFixed(3));
    this.toggleAttribute("data-ending", isEnding);
  }

  #place(name) {
    return this.querySelector(`[data-out="${name}"]`);
  }
}

customElements.define("time-left", TimeLeft);
