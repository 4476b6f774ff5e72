import * as offline from "audio/offline";
import { Sending } from "audio/sending";
import * as takes from "audio/takes";
import * as upload from "audio/upload";

/** `<take-sender>`, on every page: brings this person's waiting takes to the site, and forgets who was here before. */
class TakeSender extends HTMLElement {
  #onLine = () => this.sending.all({ now: true });

  /** Does the sending, and tells how each take fares. */
  sending = new Sending({ takes, upload, pattern: this.dataset.address, voices: this.voices });

  /** Resolved once nothing is kept here of another person's studio. */
  settled = offline.forgetOthers(this.voices[0]).catch(() => {});

  connectedCallback() {
    navigator.serviceWorker?.ready.then(({ active }) => active.postMessage({ language: document.documentElement.lang }));
    if (this.voices.length === 0) return;
    window.addEventListener("online", this.#onLine);
    navigator.serviceWorker?.register(this.dataset.worker, { type: "module", updateViaCache: "none" }).catch(() => {});
    this.#begin();
  }

  disconnectedCallback() {
    window.removeEventListener("online", this.#onLine);
  }

  /** All voices of the person who reads this page; takes of any other on this device are not touched. */
  get voices() {
    return this.dataset.voices.split(" ").filter(Boolean);
  }

  /** Somebody pressed Send: try at once, and have the browser go on should this page be closed. */
  async send(id) {
    const tried = this.sending.bring(id);
    navigator.storage?.persist?.();
    navigator.serviceWorker?.ready.then((worker) => worker.sync?.register("takes")).catch(() => {});
    await tried;
    await this.sending.all();
  }

  async #begin() {
    if (this.dataset.account) await takes.adopt(this.dataset.account, this.voices[0]);
    await this.sending.all({ now: true });
  }
}

customElements.define("take-sender", TakeSender);
