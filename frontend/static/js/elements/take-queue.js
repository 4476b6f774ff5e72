import "elements/kept-take";
import { keep, takesOf } from "audio/takes";

/** `<take-queue>` keeps takes on the device until the site has them, also those of an earlier visit. */
class TakeQueue extends HTMLElement {
  async connectedCallback() {
    this.addEventListener("take:left", () => this.#showIfAny());
    for (const take of await takesOf(this.dataset.owner).catch(() => [])) {
      const line = this.#show(take);
      if (!take.refusal) line.send();
    }
  }

  /** Keep the take on this device, and only then send it. */
  async add(made) {
    const take = { ...made, owner: this.dataset.owner, madeAt: Date.now(), tries: 0 };
    const line = this.#show(take);
    await keep(take).catch(() => this.#warn());
    await line.send();
  }

  #show(take) {
    const line = this.querySelector("template[data-line]").content.cloneNode(true).firstElementChild;
    this.querySelector("[data-out='lines']").append(line);
    line.take = take;
    this.#showIfAny();
    return line;
  }

  #showIfAny() {
    this.hidden = this.querySelector("kept-take") === null;
  }

  /** Private windows and full disks keep nothing: the person must know before they close the page. */
  #warn() {
    this.querySelector('[data-problem="not-kept"]').hidden = false;
  }
}

customElements.define("take-queue", TakeQueue);
