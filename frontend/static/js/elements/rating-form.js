/** `<rating-form>` shows the questions that follow from an answer, and lets one take back what one need not say. */
class RatingForm extends HTMLElement {
  connectedCallback() {
    this.addEventListener("change", (event) => this.#changed(event.target));
    this.addEventListener("click", (event) => this.#clear(event.target.closest("[data-clears]")));
    this.#ask();
  }

  /** Whoever names a feeling has heard one: the first question is answered by that. */
  #changed(field) {
    if (field.name === "emotion" && !this.#chosen("is_usable")) this.querySelector('[name="is_usable"][value="yes"]').checked = true;
    this.#ask();
  }

  #ask() {
    const answer = this.#chosen("is_usable");
    for (const part of this.querySelectorAll("[data-if]")) this.#show(part, part.dataset.if === (answer ?? "yes"));
    for (const part of this.querySelectorAll("[data-if-emotion]")) this.#show(part, part.dataset.ifEmotion === this.#chosen("emotion"));
    for (const field of this.querySelectorAll('[name="emotion"], [name="unusable_reason"]')) field.required = answer !== null;
    for (const button of this.querySelectorAll("[data-clears]")) button.hidden = this.#chosen(button.dataset.clears) === null;
  }

  #show(part, isWanted) {
    part.hidden = !isWanted;
    for (const field of part.querySelectorAll("input")) field.disabled = !isWanted || field.closest("[data-if]")?.hidden === true;
  }

  /** What was not said stays unsaid, also by somebody who has touched it. */
  #clear(button) {
    if (!button) return;
    const fields = [...this.querySelectorAll(`[name="${button.dataset.clears}"]`)];
    for (const field of fields) field.checked = false;
    fields[0].focus();
    this.#ask();
  }

  #chosen(name) {
    return this.querySelector(`[name="${name}"]:checked`)?.value ?? null;
  }
}

customElements.define("rating-form", RatingForm);
