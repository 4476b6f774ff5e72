const BUSY = "button, a, input, select, textarea, summary, audio, [contenteditable]";

/** Calls `act` when the space bar is pressed while the element can be seen and nothing else wants the key. */
export function onSpaceBar(element, act, { signal }) {
  const listener = (event) => {
    if (event.key !== " " || event.repeat || event.target.closest(BUSY) || !element.checkVisibility()) return;
    event.preventDefault();
    act();
  };
  document.addEventListener("keydown", listener, { signal });
}
