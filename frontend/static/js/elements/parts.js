// How our elements show and hide their parts: `data-when="idle made"` is seen in those states only.

/** Put the element into a state and show the parts that belong to it, leaving nested elements' parts alone. */
export function enter(element, state) {
  element.dataset.state = state;
  for (const part of element.querySelectorAll("[data-when]")) {
    if (closestElement(part) === element) part.hidden = !part.dataset.when.split(" ").includes(state);
  }
}

/** Show the one explanation of that name, or none. */
export function explain(element, name) {
  for (const part of element.querySelectorAll("[data-problem]")) part.hidden = part.dataset.problem !== name;
}

function closestElement(part) {
  return part.parentElement.closest("[data-state], kept-take");
}

/** Call the method that `acts` has for a pressed button's `data-act`. */
export function act(element, acts) {
  element.addEventListener("click", (event) => {
    const button = event.target.closest("[data-act]");
    if (button && closestElement(button) === element) acts[button.dataset.act]?.(button);
  });
}
