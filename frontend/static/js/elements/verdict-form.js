import { explain } from "elements/parts";

const USABLE = ["IN_REVIEW", "ACCEPTED"];

/** `<verdict-form>` asks why only where a clip is refused, and for it to be heard before it is called usable. */
class VerdictForm extends HTMLElement {
  connectedCallback() {
    this.addEventListener("change", () => this.#ask());
    this.addEventListener("submit", (event) => this.#check(event));
    this.#ask();
  }

  get #answer() {
    return this.querySelector('[name="to_status"]:checked')?.value ?? null;
  }

  #ask() {
    for (const part of this.querySelectorAll("[data-if]")) {
      part.hidden = part.dataset.if !== this.#answer;
      for (const field of part.querySelectorAll("select")) field.required = !part.hidden;
    }
    for (const field of this.querySelectorAll('[name="to_status"]')) field.required = true;
  }

  #check(event) {
    const isHeard = document.querySelector("clip-player")?.dataset.heard !== undefined;
    if (isHeard || !USABLE.includes(this.#answer)) return;
    event.preventDefault();
    explain(this, "unheard");
  }
}

customElements.define("verdict-form", VerdictForm);
