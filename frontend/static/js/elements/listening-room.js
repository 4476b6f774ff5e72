import { addressOf, letGo, lookAhead } from "audio/ahead";

/** `<listening-room>` sends its forms without leaving the page, so that the next clip, fetched ahead, plays at once. */
class ListeningRoom extends HTMLElement {
  #isBusy = false;

  connectedCallback() {
    this.addEventListener("submit", (event) => this.#send(event));
    this.addEventListener("clip:heard", () => this.#lookAhead());
  }

  #lookAhead() {
    const token = this.querySelector('[name="csrfmiddlewaretoken"]').value;
    lookAhead(this.dataset.next, token);
  }

  async #send(event) {
    if (event.defaultPrevented) return;
    event.preventDefault();
    if (this.#isBusy) return;
    const { target: form, submitter } = event;
    const said = new URLSearchParams(new FormData(form));
    if (submitter?.name) said.append(submitter.name, submitter.value);
    this.#enter(true);
    const shown = await shownAfter(form.action, said);
    this.#enter(false);
    if (shown) show(shown);
    else this.#explain();
  }

  #enter(isBusy) {
    this.#isBusy = isBusy;
    this.setAttribute("aria-busy", String(isBusy));
    this.querySelector("[data-unsent]").hidden = true;
  }

  #explain() {
    const notice = this.querySelector("[data-unsent]");
    notice.hidden = false;
    notice.scrollIntoView({ block: "nearest" });
  }
}

/** The page that answers the form; null where it did not come, or is none of listening: the answer must not be lost for it. */
async function shownAfter(address, said) {
  const answer = await fetch(address, { method: "POST", body: said }).catch(() => null);
  const text = await answer?.text().catch(() => null);
  const page = text ? new DOMParser().parseFromString(text, "text/html") : null;
  return page?.querySelector("listening-room") ? { page, address: answer.redirected ? answer.url : null } : null;
}

function show({ page, address }) {
  const main = document.querySelector("main");
  letGo();
  for (const player of page.querySelectorAll("main audio")) player.src = addressOf(player.getAttribute("src"));
  document.title = page.title;
  if (address) history.replaceState(null, "", address);
  main.replaceChildren(...page.querySelector("main").children);
  scrollTo(0, 0);
  main.focus({ preventScroll: true });
}

customElements.define("listening-room", ListeningRoom);
