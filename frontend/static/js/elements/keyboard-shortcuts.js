const WRITING = "textarea, select, [contenteditable], input:not([type='radio'], [type='checkbox'])";
// Where these keys mean something already, they keep their meaning.
const OWN_KEYS = { " ": "button, a, input, summary, audio", Enter: "button, a, input, summary, audio" };
const SWITCH = "open-empathic.shortcuts";

/** `<keyboard-shortcuts>` presses what carries the key as its `data-key`; never while somebody writes. */
class KeyboardShortcuts extends HTMLElement {
  #onKey = (event) => this.#pressed(event);

  connectedCallback() {
    const box = this.querySelector('[data-act="shortcuts"]');
    box.checked = localStorage.getItem(SWITCH) !== "off";
    box.addEventListener("change", () => localStorage.setItem(SWITCH, box.checked ? "on" : "off"));
    document.addEventListener("keydown", this.#onKey);
  }

  disconnectedCallback() {
    document.removeEventListener("keydown", this.#onKey);
  }

  #pressed(event) {
    const isChord = event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.isComposing;
    const isBusy = event.target.closest(WRITING) || event.target.closest(OWN_KEYS[event.key] ?? "nothing");
    if (isChord || isBusy || !this.querySelector('[data-act="shortcuts"]').checked) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const wanted = [...this.querySelectorAll("[data-key]")].find((part) => isFor(part, key) && part.checkVisibility());
    if (!wanted) return;
    event.preventDefault();
    wanted.focus();
    wanted.click();
  }
}

function isFor(part, key) {
  return part.dataset.key === key || part.dataset.alsoKey === key;
}

customElements.define("keyboard-shortcuts", KeyboardShortcuts);
