import { forgetReports, reportsOf } from "audio/self_report";
import { forget, takesOf } from "audio/takes";

/** `<takes-end>` erases what is still on this device of voices that are no more: nobody could ever send it. */
class TakesEnd extends HTMLElement {
  async connectedCallback() {
    const voices = this.dataset.voices.split(" ").filter(Boolean);
    for (const { id } of await takesOf(voices)) await forget(id).catch(() => {});
    const reports = await reportsOf(voices).catch(() => []);
    await forgetReports(reports.map(({ clip }) => clip)).catch(() => {});
    this.dataset.state = "done";
  }
}

customElements.define("takes-end", TakesEnd);
