import "elements/level-meter";
import "elements/sound-wave";
import "elements/time-left";

/** `<take-stage>` shows a take while it is made: how loud it is, what it looks like, and how long it is. */
class TakeStage extends HTMLElement {
  /** Show how loud the stream is, from now on. */
  hear(stream) {
    this.#part("level-meter").listen(stream);
  }

  /** Show how long the take is, and how long it may become. */
  show(seconds, longest) {
    this.#part("time-left").show(seconds, longest);
  }

  /** Draw the sound of the stream, until rest(). */
  draw(stream) {
    this.#part("sound-wave").listen(stream);
  }

  rest() {
    this.#part("sound-wave").stop();
  }

  clear() {
    this.#part("sound-wave").clear();
  }

  /** While it is hushed no screen reader speaks into the take. */
  set isHushed(isHushed) {
    this.#part("level-meter").isHushed = isHushed;
  }

  #part(name) {
    return this.querySelector(name);
  }
}

customElements.define("take-stage", TakeStage);
