import { act, enter } from "elements/parts";

const ENOUGH = 10;
const FEELINGS = '[name="emotion"]:checked, [name="secondary_emotions"]:checked';

/** `<word-help>` counts the words of a description, and offers some that fit the feelings that were chosen. */
class WordHelp extends HTMLElement {
  connectedCallback() {
    this.addEventListener("input", () => this.#count());
    act(this, { add: (button) => this.#add(button.textContent) });
    this.closest("form").addEventListener("change", () => this.#offer());
    this.#offer();
    this.#count();
  }

  #offer() {
    const chosen = [...this.closest("form").querySelectorAll(FEELINGS)].map((field) => field.value);
    for (const part of this.querySelectorAll("[data-words-of]")) part.hidden = !chosen.includes(part.dataset.wordsOf);
  }

  /** Where the cursor is, with the blanks that it needs around it. */
  #add(word) {
    const { value, selectionStart, selectionEnd } = this.#field;
    const before = /\S$/.test(value.slice(0, selectionStart)) ? " " : "";
    const after = /^\s/.test(value.slice(selectionEnd)) ? "" : " ";
    this.#field.setRangeText(`${before}${word}${after}`, selectionStart, selectionEnd, "end");
    this.#count();
  }

  #count() {
    const count = wordsIn(this.#field.value);
    for (const place of this.querySelectorAll('[data-out="count"]')) place.textContent = count;
    this.querySelector("progress").value = Math.min(count, ENOUGH);
    enter(this, count < ENOUGH ? "few" : "enough");
  }

  get #field() {
    return this.querySelector("textarea");
  }
}

/** How many words the text has, also in a language that sets no blanks between them. */
function wordsIn(text) {
  if (!Intl.Segmenter) return text.split(/\s+/).filter(Boolean).length;
  return [...new Intl.Segmenter(undefined, { granularity: "word" }).segment(text)].filter(({ isWordLike }) => isWordLike).length;
}

customElements.define("word-help", WordHelp);
