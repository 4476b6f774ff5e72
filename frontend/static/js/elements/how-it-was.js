import { keepReport, newReport, sendReport } from "audio/self_report";
import { act, enter } from "elements/parts";

const STATES = { stored: "arrived", later: "kept", refused: "refused" };

/** `<how-it-was>` asks the speaker how the take was that was sent just now: nothing is preset, all may stay empty. */
class HowItWas extends HTMLElement {
  #clip = null;
  #hear = ({ detail }) => this.#begin(detail.id);
  #told = ({ detail }) => this.#fared(detail.get(this.#clip));

  connectedCallback() {
    act(this, { skip: () => enter(this, "skipped"), change: () => this.#ask() });
    this.querySelector("form").addEventListener("submit", (submission) => this.#keep(submission));
    document.addEventListener("take:ready", this.#hear);
    document.addEventListener("reports:brought", this.#told);
  }

  disconnectedCallback() {
    document.removeEventListener("take:ready", this.#hear);
    document.removeEventListener("reports:brought", this.#told);
  }

  #begin(clip) {
    this.#clip = clip;
    this.querySelector("form").reset();
    this.querySelector("details").open = false;
    enter(this, "asking");
  }

  #ask() {
    enter(this, "asking");
    this.querySelector("input").focus();
  }

  async #keep(submission) {
    submission.preventDefault();
    const said = new FormData(submission.target);
    const report = newReport({
      emotion: said.get("emotion") ?? "",
      styles: said.getAll("styles"),
      description: said.get("description").trim(),
    });
    const sender = document.querySelector("report-sender");
    const [voice] = sender.dataset.voices.split(" ");
    try {
      await keepReport(this.#clip, voice, report);
    } catch {
      // This browser keeps nothing: now or not at all.
      const outcome = await sendReport(this.#clip, report, sender.dataset.address);
      return enter(this, outcome === "stored" ? "arrived" : "refused");
    }
    enter(this, "kept");
    await sender.bring();
  }

  #fared(outcome) {
    if (outcome && this.dataset.state === "kept") enter(this, STATES[outcome]);
  }
}

customElements.define("how-it-was", HowItWas);
