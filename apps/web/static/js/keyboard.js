// Keys of the whole page.

/** Call `actions[key]` when that key is pressed outside of a text field. `anywhere` keys also work inside controls and scrolling regions. */
export function bindKeys(actions, anywhere) {
  document.addEventListener("keydown", (event) => {
    if (event.target.matches("input, textarea") || event.ctrlKey || event.metaKey || event.altKey) return;
    // A focused control or scrolling region uses arrows and End itself.
    const isInControl = event.target.closest(".table-scroll, summary, button, a") && !anywhere.includes(event.key);
    if (event.key in actions && !isInControl) {
      event.preventDefault();
      actions[event.key]();
    }
  });
}
