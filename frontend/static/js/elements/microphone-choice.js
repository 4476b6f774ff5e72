import { choices } from "audio/opening";

/** `<microphone-choice>` lets whoever has more than one microphone choose: the system's first choice is often the wrong one. */
class MicrophoneChoice extends HTMLElement {
  connectedCallback() {
    const choose = ({ target }) => this.dispatchEvent(new CustomEvent("microphone:chosen", { bubbles: true, detail: target.value }));
    this.querySelector("select").addEventListener("change", choose);
  }

  /** Offer all microphones, that of the stream chosen. */
  async offer(stream) {
    const found = await choices(stream);
    this.querySelector("select").replaceChildren(...found);
    this.hidden = found.length < 2;
  }
}

customElements.define("microphone-choice", MicrophoneChoice);
