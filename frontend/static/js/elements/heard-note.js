/** `<heard-note>` tells the site that the clip was played to its end, and opens the questions once the site has noted it. */
class HeardNote extends HTMLElement {
  connectedCallback() {
    this.dataset.state = "waiting";
    this.parentElement.addEventListener("clip:heard", () => this.#tell());
    // Of one that cannot be played that is known at once, perhaps before this element was there.
    if (this.parentElement.querySelector("clip-player").dataset.heard) this.#tell();
  }

  async #tell() {
    if (this.dataset.state !== "waiting") return;
    this.dataset.state = "telling";
    const form = this.querySelector("form");
    const said = { method: "POST", body: new URLSearchParams(new FormData(form)), headers: { Accept: "application/json" } };
    const answer = await fetch(form.action, said).catch(() => null);
    if (answer?.ok) this.#open();
    // Its button is seen now: the same by hand, with the site's own words where it refuses.
    else this.dataset.state = "untold";
  }

  #open() {
    this.dataset.state = "told";
    document.querySelector("rating-form").hidden = false;
  }
}

customElements.define("heard-note", HeardNote);
