import { explain } from "elements/parts";

/** `<tutorial-example>` ticks for whoever heard the example to its end that they did, and asks others to. */
class TutorialExample extends HTMLElement {
  connectedCallback() {
    // Where a script runs the player knows; what it cannot play nobody has to have heard.
    this.#box.closest("label").hidden = true;
    for (const end of ["ended", "error"]) this.addEventListener(end, () => this.#hear(), { capture: true });
    this.addEventListener("submit", (event) => this.#check(event));
  }

  get #box() {
    return this.querySelector('[name="is_heard"]');
  }

  #hear() {
    this.#box.checked = true;
    this.querySelector('[data-problem="unheard"]').hidden = true;
  }

  #check(event) {
    const isUnplayable = this.querySelector("clip-player").dataset.heard === "unplayable";
    if (this.#box.checked || isUnplayable) {
      this.#box.checked = true;
      return;
    }
    event.preventDefault();
    explain(this, "unheard");
  }
}

customElements.define("tutorial-example", TutorialExample);
