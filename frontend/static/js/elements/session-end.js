import { forgetReports, reportsOf } from "audio/self_report";
import { forget, takesOf } from "audio/takes";

/**
 * `<session-end>` around the link in the studio lets go of the microphone before the question is asked; around the
 * question's form it drops the session's takes from this device before the site is asked to withdraw the clips.
 */
class SessionEnd extends HTMLElement {
  #sinceAt = Date.now() - Number(this.dataset.seconds ?? 0) * 1000;

  connectedCallback() {
    const form = this.querySelector("form");
    if (!form) return this.querySelector("a").addEventListener("click", () => document.querySelector("take-recorder")?.remove());
    form.addEventListener("submit", (submission) => this.#end(submission, form));
    this.#count();
  }

  async #count() {
    this.querySelector('[data-out="takes"]').value = (await this.#takes()).length;
  }

  async #takes() {
    const takes = await takesOf([this.dataset.voice]);
    return takes.filter(({ madeAt }) => madeAt >= this.#sinceAt);
  }

  async #end(submission, form) {
    submission.preventDefault();
    submission.submitter.disabled = true;
    const takes = await this.#takes();
    let dropped = 0;
    for (const { id } of takes) dropped += await this.#drop(id).catch(() => 0);
    const reports = (await reportsOf([this.dataset.voice]).catch(() => [])).filter(({ madeAt }) => madeAt >= this.#sinceAt);
    await forgetReports(reports.map(({ clip }) => clip)).catch(() => {});
    form.elements.dropped.value = dropped;
    form.submit();
  }

  /** A take that is on its way is waited for: then it is a clip, which the site withdraws. */
  async #drop(id) {
    const act = async () => {
      const isHere = (await takesOf([this.dataset.voice])).some((take) => take.id === id);
      if (isHere) await forget(id);
      return Number(isHere);
    };
    const dropped = await (navigator.locks ? navigator.locks.request(`take-${id}`, act) : act());
    document.querySelector("take-sender")?.sending?.tell("gone", { id });
    return dropped;
  }
}

customElements.define("session-end", SessionEnd);
