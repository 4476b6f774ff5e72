import "elements/kept-takes";
import "elements/take-sender";
import { hold, holding, letGo } from "audio/held";
import { change, forget, keep, takesOf } from "audio/takes";
import { inTurns } from "audio/turns";
import { recover, UNFINISHED, Writing } from "audio/unfinished";
import { digestOf } from "audio/upload";

/** `<take-queue>` shows the takes kept on this device: those made just now, those on their way, those of before. */
class TakeQueue extends HTMLElement {
  #sender = document.querySelector("take-sender");
  #writing = new Writing();
  // A long queue has much to tell.
  #showAll = inTurns(() => this.#showKept());
  #hear = ({ type, detail }) => this.#tell(type, detail);

  async connectedCallback() {
    for (const name of ["sending", "progress", "stored", "waiting", "refused", "kept", "gone"]) {
      this.#sender.sending.addEventListener(name, this.#hear);
    }
    await recover(this.#sender.voices).catch(() => {});
    await this.#showAll();
    const { guest } = this.#sender.dataset;
    if (guest && (await takesOf([guest])).length > 0) this.#explain("as-guest");
  }

  /** A take begins: from now on its pieces are kept, should this page not see its end. */
  begin(begun) {
    hold(begun.id);
    this.#writing.begin(this.#own(begun));
  }

  /** Keep one more piece of it. */
  add(piece) {
    this.#writing.add(piece);
  }

  /** Keep a take the moment it was made, before it is heard or sent; it is held by this page until then. */
  async keep(made) {
    hold(made.id);
    await this.#writing.done;
    const take = { ...this.#own(made), state: "draft", digest: await digestOf(made.bytes) };
    await keep(take).catch(() => this.#explain("not-kept"));
  }

  /** Send a kept take, with what was said of it since. */
  async send(id, said = {}) {
    await change(id, { ...said, state: "waiting", since: Date.now(), tries: 0, nextAt: undefined, refusal: undefined });
    this.#sender.sending.tell("kept", { id });
    letGo(id);
    await this.#sender.send(id);
  }

  /** Throw a kept take away: its speaker did not want it. */
  async drop(id) {
    await this.#writing.done;
    await forget(id);
    this.#sender.sending.tell("gone", { id });
    letGo(id);
  }

  #own(take) {
    return { ...take, voice: this.#sender.voices[0], madeAt: Date.now(), tries: 0 };
  }

  async #showKept() {
    // A take that a page still holds is not one of before: its speaker has it at hand there.
    const isHeld = await holding();
    const takes = (await takesOf(this.#sender.voices)).filter(({ state }) => state !== UNFINISHED);
    this.#lines.show(takes.filter(({ id }) => !isHeld(id)), takes);
    this.querySelector('[data-out="count"]').textContent = takes.filter(({ state }) => state === "waiting").length;
    this.hidden = this.#lines.count() === 0;
    const interrupted = this.#lines.count("interrupted");
    this.dispatchEvent(new CustomEvent("takes:shown", { bubbles: true, detail: { interrupted } }));
  }

  get #lines() {
    return this.querySelector("kept-takes");
  }

  /** What any tab or the worker says of a take: its line shows it, and the studio hears it. */
  async #tell(name, detail) {
    if (["stored", "refused", "waiting"].includes(name)) {
      this.dispatchEvent(new CustomEvent(`take:${name}`, { bubbles: true, detail }));
    }
    if (name !== "progress") await this.#showAll();
    this.#lines.hear(name, detail);
  }

  /** Private windows and full disks keep nothing: the person must know before they close the page. */
  #explain(problem) {
    this.hidden = false;
    this.querySelector(`[data-notice="${problem}"]`).hidden = false;
  }
}

customElements.define("take-queue", TakeQueue);
