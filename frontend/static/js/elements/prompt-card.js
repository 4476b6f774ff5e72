/** `<prompt-card>` holds the sentence to speak; next() puts another in its place. */
class PromptCard extends HTMLElement {
  /** Which sentence it is, and in which language. */
  get facts() {
    const { prompt, language } = this.querySelector("[data-prompt]").dataset;
    return { prompt, language, sentence: this.querySelector("blockquote").textContent.trim() };
  }

  /** Fetch the next sentence; rejects when the site does not answer with one. */
  async next() {
    const query = new URLSearchParams({ prompt: "next", besides: this.facts.prompt });
    const response = await fetch(`${this.dataset.address}?${query}`, { redirect: "error" });
    if (!response.ok) throw new Error(`no sentence: ${response.status}`);
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    this.replaceChildren(...page.body.children);
  }
}

customElements.define("prompt-card", PromptCard);
