import { takesOf, forget } from "audio/takes";

/** `<leave-asking>` asks whoever signs out, while takes of theirs are still on this device, what shall become of these. */
class LeaveAsking extends HTMLElement {
  #form = null;
  #gone = new AbortController();

  connectedCallback() {
    document.addEventListener("submit", (submission) => this.#ask(submission), this.#gone);
    this.#dialog.addEventListener("close", () => this.#answer(this.#dialog.returnValue));
  }

  disconnectedCallback() {
    this.#gone.abort();
  }

  get #dialog() {
    return this.querySelector("dialog");
  }

  /** None where the browser keeps nothing: then nobody is held back either. */
  get #takes() {
    return takesOf(this.dataset.voices.split(" ")).catch(() => []);
  }

  async #ask(submission) {
    const form = submission.target;
    if (!this.dataset.leaving.split(" ").includes(new URL(form.action).pathname)) return;
    submission.preventDefault();
    const takes = await this.#takes;
    if (takes.length === 0) return form.submit();
    if (this.#dialog.open) return;
    this.#form = form;
    this.querySelector('[data-out="takes"]').value = takes.length;
    this.#dialog.returnValue = "";
    this.#dialog.showModal();
  }

  async #answer(wish) {
    if (!["keep", "drop"].includes(wish)) return;
    if (wish === "drop") for (const { id } of await this.#takes) await forget(id).catch(() => {});
    this.#form.submit();
  }
}

customElements.define("leave-asking", LeaveAsking);
