import "elements/kept-take";
import "elements/take-sender";
import { digestOf } from "audio/upload";
import { change, forget, keep, takesOf } from "audio/takes";

/** `<take-queue>` shows the takes kept on this device: those made just now, those on their way, those of before. */
class TakeQueue extends HTMLElement {
  #sender = document.querySelector("take-sender");
  #releases = new Map();
  #showing = null;
  #next = null;
  #hear = ({ type, detail }) => this.#tell(type, detail);

  async connectedCallback() {
    for (const name of ["sending", "progress", "stored", "waiting", "refused", "kept", "gone"]) {
      this.#sender.sending.addEventListener(name, this.#hear);
    }
    await this.#showAll();
    const { guest } = this.#sender.dataset;
    if (guest && (await takesOf([guest])).length > 0) this.#explain("as-guest");
  }

  /** Keep a take the moment it was made, before it is heard or sent; it is held by this page until then. */
  async keep(made) {
    navigator.locks?.request(`draft-${made.id}`, () => new Promise((go) => this.#releases.set(made.id, go)));
    const take = { ...made, voice: this.#sender.voices[0], state: "draft", madeAt: Date.now(), tries: 0 };
    await keep({ ...take, digest: await digestOf(made.bytes) }).catch(() => this.#explain("not-kept"));
  }

  /** Send a kept take, with what was said of it since. */
  async send(id, said = {}) {
    await change(id, { ...said, state: "waiting", since: Date.now(), tries: 0, nextAt: undefined, refusal: undefined });
    this.#sender.sending.tell("kept", { id });
    this.#let(id);
    await this.#sender.send(id);
  }

  /** Throw a kept take away: its speaker did not want it. */
  async drop(id) {
    await forget(id);
    this.#sender.sending.tell("gone", { id });
    this.#let(id);
  }

  #let(id) {
    this.#releases.get(id)?.();
    this.#releases.delete(id);
  }

  /** Once more after the one under way, however many asked: a long queue has much to tell. */
  #showAll() {
    this.#next ??= Promise.resolve(this.#showing).then(() => {
      this.#next = null;
      return (this.#showing = this.#showKept());
    });
    return this.#next;
  }

  async #showKept() {
    const takes = await takesOf(this.#sender.voices);
    // A draft that a page still holds is not one of before: its speaker has it at hand there.
    const { held } = (await navigator.locks?.query()) ?? { held: [] };
    const names = held.map(({ name }) => name);
    for (const take of takes) if (!names.includes(`draft-${take.id}`)) this.#lineOf(take.id).take = take;
    const seen = takes.map(({ id }) => id);
    for (const line of this.querySelectorAll("kept-take")) if (!seen.includes(line.dataset.take)) line.remove();
    this.querySelector('[data-out="count"]').textContent = takes.filter(({ state }) => state === "waiting").length;
    this.hidden = this.querySelector("kept-take") === null;
  }

  #lineOf(id) {
    const found = this.querySelector(`kept-take[data-take="${id}"]`);
    if (found) return found;
    const line = this.querySelector("template[data-line]").content.cloneNode(true).firstElementChild;
    line.dataset.take = id;
    this.querySelector('[data-out="lines"]').append(line);
    return line;
  }

  /** What any tab or the worker says of a take: its line shows it, and the studio hears it. */
  async #tell(name, detail) {
    if (["stored", "refused", "waiting"].includes(name)) {
      this.dispatchEvent(new CustomEvent(`take:${name}`, { bubbles: true, detail }));
    }
    if (name !== "progress") await this.#showAll();
    this.querySelector(`kept-take[data-take="${detail.id}"]`)?.hear(name, detail);
  }

  /** Private windows and full disks keep nothing: the person must know before they close the page. */
  #explain(problem) {
    this.hidden = false;
    this.querySelector(`[data-notice="${problem}"]`).hidden = false;
  }
}

customElements.define("take-queue", TakeQueue);
