import { explain } from "elements/parts";

/** `<rating-form>` shows the questions that follow from an answer, and asks for the whole clip to be heard first. */
class RatingForm extends HTMLElement {
  connectedCallback() {
    this.addEventListener("change", (event) => this.#changed(event.target));
    this.addEventListener("submit", (event) => this.#check(event));
    this.#ask();
  }

  get #answer() {
    return this.querySelector('[name="is_usable"]:checked')?.value ?? null;
  }

  /** Whoever names a feeling has heard one: the first question is answered by that. */
  #changed(field) {
    if (field.name === "emotion" && this.#answer === null) this.querySelector('[name="is_usable"][value="yes"]').checked = true;
    this.#ask();
  }

  #ask() {
    const shown = this.#answer ?? "yes";
    for (const part of this.querySelectorAll("[data-if]")) {
      part.hidden = part.dataset.if !== shown;
      for (const field of part.querySelectorAll("input")) field.disabled = part.hidden;
    }
    for (const field of this.querySelectorAll('[name="emotion"], [name="unusable_reason"]')) field.required = this.#answer !== null;
  }

  #check(event) {
    const isHeard = document.querySelector("clip-player").dataset.heard !== undefined;
    if (this.#answer === "yes" && !isHeard) {
      event.preventDefault();
      explain(this, "unheard");
    }
  }
}

customElements.define("rating-form", RatingForm);
