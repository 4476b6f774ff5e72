import { explain } from "elements/parts";

/** `<tutorial-example>` ticks for whoever heard the example to its end that they did, and asks others to. */
class TutorialExample extends HTMLElement {
  connectedCallback() {
    // Where a script runs the player knows; what it cannot play nobody has to have heard.
    this.#box.closest("label").hidden = true;
    this.addEventListener("clip:heard", () => this.#hear());
    this.addEventListener("submit", (event) => this.#check(event));
  }

  get #box() {
    return this.querySelector('[name="is_heard"]');
  }

  #hear() {
    this.#box.checked = true;
    explain(this.querySelector("form"), null);
  }

  #check(event) {
    if (this.querySelector("clip-player").dataset.heard) this.#hear();
    if (this.#box.checked) return;
    event.preventDefault();
    explain(this.querySelector("form"), "unheard");
  }
}

customElements.define("tutorial-example", TutorialExample);
