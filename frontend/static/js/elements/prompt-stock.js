import "elements/take-sender";
import * as offline from "audio/offline";

/** `<prompt-stock>` keeps this studio and some sentences on the device, for when there is no connection. */
class PromptStock extends HTMLElement {
  #onLine = () => this.#fill();

  connectedCallback() {
    window.addEventListener("online", this.#onLine);
    this.#fill();
  }

  disconnectedCallback() {
    window.removeEventListener("online", this.#onLine);
  }

  async #fill() {
    const { address, studio } = this.dataset;
    await document.querySelector("take-sender").settled;
    const response = await fetch(address, { redirect: "error" }).catch(() => null);
    if (!response?.ok) return;
    const { voice, prompts } = await response.json();
    await offline.stock(voice, prompts);
    // The worker keeps each studio it brings; at the first visit it was not there yet.
    if (await offline.pageAt(studio)) return;
    const page = await fetch(studio, { redirect: "error" }).catch(() => null);
    if (page) await offline.keepPage(studio, page);
  }
}

customElements.define("prompt-stock", PromptStock);
