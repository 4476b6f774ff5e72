import "elements/kept-take";

/** `<kept-takes>` has a line for each take that it is given to show. */
class KeptTakes extends HTMLElement {
  /** Show these takes, and no line of one that is not among `all`. */
  show(takes, all) {
    for (const take of takes) this.#lineOf(take.id).take = take;
    const ids = all.map(({ id }) => id);
    for (const line of this.#lines) if (!ids.includes(line.dataset.take)) line.remove();
  }

  /** Tell the take's line what happens to it. */
  hear(name, detail) {
    this.#find(detail.id)?.hear(name, detail);
  }

  /** How many lines there are; or of takes in that state. */
  count(state) {
    return this.#lines.filter((line) => !state || line.dataset.state === state).length;
  }

  get #lines() {
    return [...this.querySelectorAll("kept-take")];
  }

  #find(id) {
    return this.#lines.find((line) => line.dataset.take === id);
  }

  #lineOf(id) {
    const found = this.#find(id);
    if (found) return found;
    const line = this.querySelector("template").content.cloneNode(true).firstElementChild;
    line.dataset.take = id;
    this.append(line);
    return line;
  }
}

customElements.define("kept-takes", KeptTakes);
