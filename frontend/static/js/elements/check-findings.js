/** `<check-findings>` says what a test of the microphone found: what is fine, and what could be better and how. */
class CheckFindings extends HTMLElement {
  /** Tell the findings of `tryOut()`. */
  tell(findings) {
    for (const [name, { is, isFine, dbfs }] of Object.entries(findings)) {
      const line = this.querySelector(`[data-finding="${name}"]`);
      line.dataset.tone = isFine ? "fine" : "better";
      for (const words of line.querySelectorAll("[data-is]")) words.hidden = words.dataset.is !== is;
      for (const tone of line.querySelectorAll("[data-tone-is]")) tone.hidden = tone.dataset.toneIs !== line.dataset.tone;
      if (dbfs !== undefined) line.querySelector('[data-out="figure"]').textContent = `${Math.round(dbfs)} dBFS`.replace("-", "−");
    }
    const areAllFine = Object.values(findings).every(({ isFine }) => isFine);
    for (const words of this.querySelectorAll("[data-all]")) words.hidden = (words.dataset.all === "fine") !== areAllFine;
  }
}

customElements.define("check-findings", CheckFindings);
