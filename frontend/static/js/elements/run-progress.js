const PAUSE_MS = 3000;

/** `<run-progress>` keeps the page of a training run fresh until the run ends: the server draws, this puts in place. */
class RunProgress extends HTMLElement {
  #timer = null;

  connectedCallback() {
    if (this.hasAttribute("data-active")) this.#wait();
  }

  disconnectedCallback() {
    clearTimeout(this.#timer);
  }

  #wait() {
    this.#timer = setTimeout(() => this.#look(), PAUSE_MS);
  }

  async #look() {
    const fresh = document.hidden ? null : await this.#fetched();
    // What was measured is on the page of a run that has ended.
    if (fresh && !fresh.hasAttribute("data-active")) return location.reload();
    if (fresh) this.#take(fresh);
    if (this.isConnected) this.#wait();
  }

  async #fetched() {
    const response = await fetch(location.href).catch(() => null);
    const text = response?.ok ? await response.text().catch(() => "") : "";
    return new DOMParser().parseFromString(text, "text/html").querySelector("run-progress");
  }

  #take(fresh) {
    for (const part of this.querySelectorAll("[data-live]")) {
      const newer = fresh.querySelector(`[data-live="${part.dataset.live}"]`);
      // Neither a button under somebody's finger nor what they opened is taken away, and what is the same stays.
      const isInUse = part.contains(document.activeElement) || part.querySelector("details[open]");
      if (newer && !isInUse && !newer.isEqualNode(part)) part.replaceChildren(...newer.childNodes);
    }
    for (const hidden of this.querySelectorAll("[data-shown-with]")) {
      hidden.hidden = !this.querySelector(`[data-live="${hidden.dataset.shownWith}"]`).childElementCount;
    }
  }
}

customElements.define("run-progress", RunProgress);
