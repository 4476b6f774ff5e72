const WRITING = "textarea, select, [contenteditable], input:not([type='radio'], [type='checkbox'])";
// Where these keys mean something already, they keep their meaning.
const OWN_KEYS = { " ": "button, a, input, summary, audio", Enter: "button, a, input, summary, audio" };
const SWITCH = "open-empathic.shortcuts";

/** `<keyboard-shortcuts>` presses what carries the key as its `data-key`; never while somebody writes, which Escape ends. */
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
    if (event.key === "Escape" && event.target.closest(WRITING)) return event.target.blur();
    const isChord = event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.isComposing;
    const isBusy = event.target.closest(WRITING) || event.target.closest(OWN_KEYS[event.key] ?? "nothing");
    if (isChord || isBusy || !this.querySelector('[data-act="shortcuts"]').checked) return;
    const key = keyOf(event);
    const wanted = [...this.querySelectorAll("[data-key]")].find((part) => isFor(part, key) && part.checkVisibility());
    if (!wanted) return;
    event.preventDefault();
    wanted.focus();
    wanted.click();
  }
}

/** The key as our pages name it: by its Latin letter or digit also where it writes another script. */
function keyOf({ key, code }) {
  const [, latin] = /^(?:Key|Digit)(.)$/.exec(code) ?? [];
  const isForeign = key.length === 1 && key > "~";
  return isForeign && latin ? latin.toLowerCase() : key.length === 1 ? key.toLowerCase() : key;
}

function isFor(part, key) {
  return part.dataset.key === key || part.dataset.alsoKey === key;
}

customElements.define("keyboard-shortcuts", KeyboardShortcuts);
