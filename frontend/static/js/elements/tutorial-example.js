import { bytesOf } from "audio/ahead";
import { explain } from "elements/parts";

/**
 * `<tutorial-example>` asks for the example to be heard before it is answered, and then tells beside its sound what most
 * people hear. The site gives an answered example to nobody again; what the page has of it, it may go on playing.
 */
class TutorialExample extends HTMLElement {
  connectedCallback() {
    // Where a script runs the player knows; what it cannot play nobody has to have heard.
    this.#box.closest("label").hidden = true;
    this.addEventListener("clip:heard", () => this.#hear());
    this.addEventListener("submit", (event) => this.#answer(event));
  }

  get #box() {
    return this.querySelector('[name="is_heard"]');
  }

  get #form() {
    return this.querySelector("form");
  }

  #hear() {
    // Heard again beside the answer it has nothing to tick.
    if (!this.#form) return;
    this.#box.checked = true;
    explain(this.#form, null);
  }

  async #answer(event) {
    event.preventDefault();
    if (this.querySelector("clip-player").dataset.heard) this.#hear();
    if (!this.#box.checked) return explain(this.#form, "unheard");
    const said = new FormData(this.#form);
    this.#form.querySelector("button").disabled = true;
    await this.#keepSound();
    const answer = await fetch(location.href, { method: "POST", body: said }).catch(() => null);
    // Without a connection the browser says so in its own words, and the answer stays filled in.
    if (!answer) return this.#form.submit();
    this.#tell(new DOMParser().parseFromString(await answer.text(), "text/html"), answer.url);
  }

  async #keepSound() {
    const player = this.querySelector("audio");
    const bytes = await bytesOf(player.currentSrc);
    if (bytes) player.src = URL.createObjectURL(bytes);
  }

  /** Put what is told in place of what was asked; any other page is gone to. */
  #tell(page, address) {
    const told = page.querySelector(".told");
    if (!told) return location.assign(address);
    history.replaceState(null, "", address);
    document.title = page.title;
    const heading = page.querySelector("main h1");
    document.querySelector("main h1").replaceWith(heading);
    document.querySelector("main .step").replaceWith(page.querySelector("main .step"));
    this.#form.replaceWith(told);
    heading.tabIndex = -1;
    heading.focus();
  }
}

customElements.define("tutorial-example", TutorialExample);
