/** `<code-field>` takes the code that stands behind the # of the address, and then forgets it from the address. */
class CodeField extends HTMLElement {
  connectedCallback() {
    const said = decodeURIComponent(location.hash.slice(1));
    if (!said) return;
    this.querySelector("input").value = said;
    history.replaceState(null, "", location.pathname + location.search);
    this.closest("form").querySelector("button").focus();
  }
}

customElements.define("code-field", CodeField);
