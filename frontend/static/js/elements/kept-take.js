import { forget, keep } from "audio/takes";
import { pauseAfter, send } from "audio/upload";
import { act } from "elements/parts";

const KEPT_MS = 7 * 24 * 3600 * 1000;

/** `<kept-take>` is one take on its way: it sends, waits and tries again; dispatches `take:stored`, `:waiting`, `:refused`. */
class KeptTake extends HTMLElement {
  #take = null;
  #timer = null;
  #isUnderWay = false;
  #onLine = () => this.#take.refusal || this.send();

  connectedCallback() {
    act(this, { send: () => this.send(), discard: () => this.#leave() });
    window.addEventListener("online", this.#onLine);
  }

  disconnectedCallback() {
    window.removeEventListener("online", this.#onLine);
    clearTimeout(this.#timer);
  }

  /** The take to bring to the site. */
  set take(take) {
    this.#take = take;
    this.querySelector('[data-out="sentence"]').textContent = take.sentence;
    const download = this.querySelector('[data-out="download"]');
    download.href = URL.createObjectURL(new Blob([take.bytes], { type: take.mediaType }));
    download.download = `${take.prompt}.${take.mediaType.match(/webm|ogg|mp4/)?.[0] ?? "audio"}`;
    if (take.refusal) this.say(take.refusal);
  }

  /** Try once now; the element itself sees to the next try. */
  async send() {
    clearTimeout(this.#timer);
    if (this.#isUnderWay) return;
    this.#isUnderWay = true;
    this.say(this.#words("sending"));
    const result = await send(this.#take, this.dataset.address);
    this.#isUnderWay = false;
    this.#take.tries += 1;
    this.#tell(result);
    if (result.outcome === "stored") await this.#leave();
    else if (result.outcome === "refused") await this.#refuse(result.message);
    else await this.#wait(result);
  }

  /** Words about this take, for its speaker. */
  say(words) {
    this.querySelector('[data-out="message"]').textContent = words;
  }

  #wait({ message, isSignedOut }) {
    if (Date.now() - this.#take.madeAt > KEPT_MS) return this.#refuse(this.#words("too-old"));
    this.say(message ?? this.#words(isSignedOut ? "signed-out" : "waiting"));
    this.#timer = setTimeout(() => this.send(), pauseAfter(this.#take.tries));
  }

  async #refuse(message) {
    this.#take.refusal = message ?? this.#words("waiting");
    this.say(this.#take.refusal);
    await keep(this.#take).catch(() => {});
  }

  async #leave() {
    await forget(this.#take.id).catch(() => {});
    const queue = this.parentElement;
    this.remove();
    queue?.dispatchEvent(new CustomEvent("take:left", { bubbles: true }));
  }

  #tell({ outcome, ...more }) {
    const name = outcome === "later" ? "waiting" : outcome;
    this.dispatchEvent(new CustomEvent(`take:${name}`, { bubbles: true, detail: { id: this.#take.id, ...more } }));
  }

  #words(name) {
    return this.closest("take-queue").querySelector(`template[data-message="${name}"]`).content.textContent;
  }
}

customElements.define("kept-take", KeptTake);
