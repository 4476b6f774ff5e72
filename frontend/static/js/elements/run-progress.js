const PAUSE_MS = 2000;

/** `<run-progress>` watches a training run until it ends, and draws its loss. */
class RunProgress extends HTMLElement {
  #losses = [];
  #timer = null;

  connectedCallback() {
    if (this.hasAttribute("data-active")) this.#look();
  }

  disconnectedCallback() {
    clearTimeout(this.#timer);
  }

  async #look() {
    const response = await fetch(this.dataset.address).catch(() => null);
    const run = response?.ok ? await response.json() : null;
    if (run) this.#show(run);
    // What was measured is on the page of a run that has ended.
    if (run && !run.is_active) return location.reload();
    this.#timer = setTimeout(() => this.#look(), PAUSE_MS);
  }

  #show(run) {
    const { step, steps, loss } = run.progress;
    this.#out("status").textContent = run.status_text;
    this.#out("status").dataset.status = run.status;
    this.#out("reason").textContent = run.reason;
    this.#out("release").textContent = run.release ?? "–";
    this.#out("bar").hidden = !steps;
    if (steps) this.#advance(step, steps);
    if (typeof loss === "number") this.#plot(step ?? this.#losses.length, loss);
  }

  #advance(step, steps) {
    const bar = this.querySelector("progress");
    bar.max = steps;
    bar.value = step;
    this.#out("bar").querySelector("output").value = `${step} / ${steps}`;
  }

  #plot(step, loss) {
    this.#out("loss").textContent = loss.toFixed(3);
    if (this.#losses.at(-1)?.step !== step) this.#losses.push({ step, loss });
    if (this.#losses.length < 2) return;
    const greatest = Math.max(...this.#losses.map((point) => point.loss));
    const first = this.#losses[0].step;
    const span = Math.max(1, this.#losses.at(-1).step - first);
    const points = this.#losses.map((point) => `${(600 * (point.step - first)) / span},${155 - (150 * point.loss) / greatest}`);
    this.querySelector("polyline").setAttribute("points", points.join(" "));
    this.querySelector("figure").hidden = false;
  }

  #out(name) {
    return this.querySelector(`[data-out="${name}"]`);
  }
}

customElements.define("run-progress", RunProgress);
