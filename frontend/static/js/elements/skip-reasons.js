/** `<skip-reasons>` asks why a sentence is skipped, which nobody has to say; `prompt:skipped` once it is. */
class SkipReasons extends HTMLElement {
  #prompt = "";

  connectedCallback() {
    this.#dialog.addEventListener("close", () => this.#dialog.returnValue === "skip" && this.#skip());
  }

  /** Ask about the sentence of that id. */
  ask(prompt) {
    this.#prompt = prompt;
    this.querySelector("form").reset();
    this.#dialog.returnValue = "";
    this.#dialog.showModal();
  }

  get #dialog() {
    return this.querySelector("dialog");
  }

  /** The reason is told if it can be; the next sentence does not wait for it. */
  #skip() {
    const address = this.dataset.address.replace("PROMPT", this.#prompt);
    const said = new FormData(this.querySelector("form"));
    const told = fetch(address, { method: "POST", body: said, keepalive: true, redirect: "error" }).catch(() => null);
    this.dispatchEvent(new CustomEvent("prompt:skipped", { bubbles: true, detail: { told } }));
  }
}

customElements.define("skip-reasons", SkipReasons);
