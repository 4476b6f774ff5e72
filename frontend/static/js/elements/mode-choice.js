/** `<mode-choice>` says how the person wants to speak; `mode:chosen` when they choose anew. */
class ModeChoice extends HTMLElement {
  connectedCallback() {
    this.addEventListener("change", () => this.dispatchEvent(new CustomEvent("mode:chosen", { bubbles: true })));
  }

  /** What is chosen now. */
  get mode() {
    return this.querySelector(":checked")?.value ?? "";
  }
}

customElements.define("mode-choice", ModeChoice);
