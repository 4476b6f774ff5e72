/** `<prompt-card>` holds what to say; next() puts something else in its place and dispatches `prompt:shown`. */
class PromptCard extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", ({ target }) => target.dataset.plain && this.#sayPlainly(target.dataset.plain));
  }

  /** Which sentence it is, in which language, and in what manner it is wished for, if in any. */
  get facts() {
    const { prompt, language, style = "" } = this.#shown;
    return { prompt, language, style, sentence: this.querySelector("blockquote").textContent.trim() };
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

  /** Without the manner: the wish goes, and the site is told if it can be. */
  #sayPlainly(address) {
    const card = this.querySelector("[data-prompt]");
    delete card.dataset.style;
    card.querySelector(".manner").remove();
    Object.assign(card, { tabIndex: -1 }).focus();
    const token = document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1] ?? "";
    const asked = { method: "POST", headers: { "X-CSRFToken": token }, keepalive: true, redirect: "error" };
    fetch(address, asked).catch(() => {});
  }

  get #shown() {
    return this.querySelector("[data-prompt]")?.dataset ?? {};
  }
}

customElements.define("prompt-card", PromptCard);
