import "elements/quick-take";
import { enter, explain } from "elements/parts";

/** `<clip-try>` sends its form without leaving the page, and shows the answer; a take and a dropped file go into the form. */
class ClipTry extends HTMLElement {
  #url = "";

  connectedCallback() {
    this.#form.addEventListener("submit", (event) => this.#send(event));
    this.#input.addEventListener("change", () => this.#present());
    this.addEventListener("take:made", ({ detail: { bytes, mediaType } }) => this.#put(new File([bytes], "take", { type: mediaType })));
    for (const name of ["dragover", "dragleave", "drop"]) this.addEventListener(name, (event) => this.#drag(event));
    enter(this, "idle");
  }

  disconnectedCallback() {
    URL.revokeObjectURL(this.#url);
  }

  #drag(event) {
    event.preventDefault();
    this.toggleAttribute("data-dropping", event.type === "dragover");
    const [file] = event.dataTransfer?.files ?? [];
    if (event.type === "drop" && file) this.#put(file);
  }

  #put(file) {
    const chosen = new DataTransfer();
    chosen.items.add(file);
    this.#input.files = chosen.files;
    this.#present();
  }

  /** Let the person hear what would be sent. */
  #present() {
    const player = this.#out("player");
    const [file] = this.#input.files;
    URL.revokeObjectURL(this.#url);
    explain(this, "");
    player.hidden = !file;
    if (!file) return;
    this.#url = URL.createObjectURL(file);
    player.src = this.#url;
  }

  async #send(event) {
    event.preventDefault();
    if (this.dataset.state === "sending") return;
    if (this.#input.files[0]?.size > Number(this.dataset.bytesMax)) return explain(this, "too-large");
    explain(this, "");
    enter(this, "sending");
    const answer = await fetch(this.#form.action, { method: "POST", body: new FormData(this.#form) }).catch(() => null);
    const text = await answer?.text().catch(() => null);
    enter(this, "idle");
    if (!text) return explain(this, "no-answer");
    this.#show(new DOMParser().parseFromString(text, "text/html").querySelector('[data-out="result"]'));
  }

  #show(result) {
    // An error page of somebody before us has none.
    if (!result) return explain(this, "no-answer");
    const place = this.#out("result");
    place.replaceChildren(...result.children);
    place.querySelector("[tabindex]")?.focus();
  }

  get #form() {
    return this.querySelector("form");
  }

  get #input() {
    return this.querySelector('input[type="file"]');
  }

  #out(name) {
    return this.querySelector(`[data-out="${name}"]`);
  }
}

customElements.define("clip-try", ClipTry);
