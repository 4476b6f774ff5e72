import { digestOf } from "audio/upload";

/** `<api-try>` sends the request that its form describes, with the page's token or the session, and shows the answer. */
class ApiTry extends HTMLElement {
  connectedCallback() {
    const form = this.querySelector("form");
    const id = this.querySelector('[name="clip_id"]');
    if (id && this.querySelector("[type=file]")) id.value ||= crypto.randomUUID();
    form.addEventListener("submit", (submission) => {
      submission.preventDefault();
      this.#send(new Map([...form.elements].filter((each) => each.dataset.place).map((each) => [each, each.value])));
    });
  }

  async #send(fields) {
    const button = this.querySelector("form button");
    button.disabled = true;
    try {
      const file = this.querySelector("[type=file]")?.files[0];
      const body = file ? await file.arrayBuffer() : this.querySelector('[data-place="words"]')?.value;
      const headers = await this.#headers(fields, file, body);
      // A token speaks alone: with the session beside it nobody could tell which of them was heard.
      const credentials = headers.has("Authorization") ? "omit" : "same-origin";
      await this.#show(await fetch(this.#address(fields), { method: this.dataset.method, headers, body, credentials }));
    } catch {
      this.querySelector("output").value = this.dataset.noAnswer;
    } finally {
      button.disabled = false;
    }
  }

  #address(fields) {
    const query = new URLSearchParams();
    let path = this.dataset.path;
    for (const [field, value] of fields) {
      if (field.dataset.place === "path") path = path.replace(`{${field.name}}`, encodeURIComponent(value.trim()));
      if (field.dataset.place === "query" && value) query.append(field.name, value.trim());
    }
    return query.size ? `${path}?${query}` : path;
  }

  async #headers(fields, file, body) {
    const headers = new Headers();
    for (const [field, value] of fields) if (field.dataset.place === "header" && value) headers.set(field.name, value);
    if (body && !file) headers.set("Content-Type", "application/json");
    if (file) {
      headers.set("Content-Type", file.type || "application/octet-stream");
      headers.set("Content-Digest", `sha-256=:${await digestOf(body)}:`);
    }
    const token = document.querySelector("#api-token").value.trim();
    if (token) headers.set("Authorization", `Bearer ${token}`);
    else headers.set("X-CSRFToken", document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1] ?? "");
    return headers;
  }

  async #show(response) {
    const isText = /json|text/.test(response.headers.get("Content-Type") ?? "");
    const bytes = await response.blob();
    const link = this.#out("file");
    this.querySelector("output").value = `${response.status} ${response.statusText}`;
    this.#out("headers").textContent = [...response.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
    this.#out("body").textContent = isText ? readable(await bytes.text()) : `${bytes.size} B`;
    this.#out("answer").hidden = false;
    URL.revokeObjectURL(link.href);
    link.href = URL.createObjectURL(bytes);
    link.hidden = isText || bytes.size === 0;
  }

  #out(name) {
    return this.querySelector(`[data-out="${name}"]`);
  }
}

function readable(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

customElements.define("api-try", ApiTry);
