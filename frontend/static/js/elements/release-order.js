const PAUSE_MS = 2000;

/** `<release-order>` watches the last order of a dataset until it is there, or could not be made. */
class ReleaseOrder extends HTMLElement {
  #timer = null;

  connectedCallback() {
    if (this.hasAttribute("data-open")) this.#look();
  }

  disconnectedCallback() {
    clearTimeout(this.#timer);
  }

  async #look() {
    const response = await fetch(this.dataset.address).catch(() => null);
    const order = response?.ok ? await response.json() : null;
    // What came of it is on the page once it is over.
    if (order && !order.is_open) return location.reload();
    if (order) this.#show(order);
    this.#timer = setTimeout(() => this.#look(), PAUSE_MS);
  }

  #show(order) {
    this.#out("state").textContent = order.state;
    this.#out("failure").textContent = order.failure;
    this.#out("attempts").textContent = order.attempts;
    const megabytes = new Intl.NumberFormat(document.documentElement.lang, { style: "unit", unit: "megabyte", maximumFractionDigits: 1 });
    this.#out("megabytes").textContent = megabytes.format(order.byte_count / 1e6);
  }

  #out(name) {
    return this.querySelector(`[data-out="${name}"]`);
  }
}

customElements.define("release-order", ReleaseOrder);
