/** `<prompt-card>` holds what to say; next() puts something else in its place and dispatches `prompt:shown`. */
class PromptCard extends HTMLElement {
  /** Which sentence it is, and in which language. */
  get facts() {
    const { prompt, language } = this.#shown;
    return { prompt, language, sentence: this.querySelector("blockquote").textContent.trim() };
  }

  /** Whether there is nothing more to say today. */
  get isEnough() {
    return Boolean(this.querySelector("[data-enough]"));
  }

  /**
   * Fetch the next sentence in that mode, `isSpoken` when this one was; rejects when the site does not answer with one.
   */
  async next({ mode = "", isSpoken = false } = {}) {
    const { prompt } = this.#shown;
    const query = new URLSearchParams({ prompt: "next" });
    if (prompt) query.set("besides", prompt);
    if (mode) query.set("mode", mode);
    if (prompt && isSpoken) query.set("after", prompt);
    const response = await fetch(`${this.dataset.address}?${query}`, { redirect: "error" });
    if (!response.ok) throw new Error(`no sentence: ${response.status}`);
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    this.replaceChildren(...page.body.children);
    this.dispatchEvent(new CustomEvent("prompt:shown", { bubbles: true, detail: { ...this.#shown } }));
  }

  get #shown() {
    return this.querySelector("[data-prompt]")?.dataset ?? {};
  }
}

customElements.define("prompt-card", PromptCard);
