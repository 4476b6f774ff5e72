import { bringReports } from "audio/self_report";

/** `<report-sender>`, on every page: brings what was said of takes to the site, once their clips are there. */
class ReportSender extends HTMLElement {
  #bring = () => this.bring();

  connectedCallback() {
    if (this.#voices.length === 0) return;
    window.addEventListener("online", this.#bring);
    // Any tab's, and the worker's: the site has one more clip.
    customElements.whenDefined("take-sender").then(() => {
      document.querySelector("take-sender")?.sending.addEventListener("stored", this.#bring);
    });
    this.bring();
  }

  disconnectedCallback() {
    window.removeEventListener("online", this.#bring);
  }

  /** Try now, one page at a time; dispatches `reports:brought` with how each fared. */
  async bring() {
    const act = () => bringReports(this.#voices, this.dataset.address);
    const fared = await (navigator.locks ? navigator.locks.request("reports", act) : act()).catch(() => new Map());
    this.dispatchEvent(new CustomEvent("reports:brought", { bubbles: true, detail: fared }));
  }

  get #voices() {
    return this.dataset.voices.split(" ").filter(Boolean);
  }
}

customElements.define("report-sender", ReportSender);
