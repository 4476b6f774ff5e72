import { loaded } from "audio/playing";
import { soundOf } from "audio/takes";
import { act, enter } from "elements/parts";

/** `<kept-take>` is one take on this device: a draft to hear, one on its way, or one that the site refused. */
class KeptTake extends HTMLElement {
  #take = null;

  connectedCallback() {
    act(this, {
      listen: () => this.#listen(),
      send: () => this.#queue.send(this.#take.id),
      download: () => this.#download(),
      discard: () => this.#queue.drop(this.#take.id),
    });
  }

  get #queue() {
    return this.closest("take-queue");
  }

  /** What is known of the take. */
  set take(take) {
    const isNew = this.#take?.state !== take.state;
    this.#take = take;
    this.querySelector('[data-out="sentence"]').textContent = take.sentence;
    if (!isNew) return;
    enter(this, take.state === "draft" && take.isInterrupted ? "interrupted" : take.state);
    if (take.state === "waiting") this.#say("waiting");
    // Older than what the site keeps trying: no words of the site, but ours.
    if (take.state === "refused") this.#say("too-old", take.refusal);
  }

  /** What happens to it now. */
  hear(name, { part, message, isSignedOut }) {
    const bar = this.querySelector("progress");
    bar.hidden = !["sending", "progress"].includes(name);
    if (name === "progress") bar.value = part;
    else if (name === "sending") this.#say("sending");
    else if (name === "waiting" && this.#take.state === "waiting") this.#say(isSignedOut ? "signed-out" : "waiting", message);
  }

  /** The site's words, or else ours of that name; said aloud by the queue's count only, not take by take. */
  #say(name, message) {
    const ours = this.#queue.querySelector(`template[data-message="${name}"]`).content.textContent;
    this.querySelector('[data-out="message"]').textContent = message || ours;
  }

  async #listen() {
    const player = this.querySelector("audio");
    if (!player.src) {
      player.src = await this.#address();
      await loaded(player);
    }
    player.hidden = false;
    await player.play();
  }

  async #download() {
    const ending = this.#take.mediaType.match(/webm|ogg|mp4/)?.[0] ?? "audio";
    const download = `${this.#take.prompt}.${ending}`;
    Object.assign(document.createElement("a"), { href: await this.#address(), download }).click();
  }

  /** The sound is read only when somebody wants it: a queue may hold a hundred. */
  async #address() {
    return URL.createObjectURL(new Blob([await soundOf(this.#take.id)], { type: this.#take.mediaType }));
  }
}

customElements.define("kept-take", KeptTake);
