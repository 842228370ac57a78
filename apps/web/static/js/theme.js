// Light and dark colours: the system's choice until the user presses the button; that choice is stored. Scripts that draw use `colours` and listen.

const NAME = "tapeline-theme";
const root = document.documentElement;
const system = matchMedia("(prefers-color-scheme: dark)");

export const theme = new EventTarget();

export function startTheme(button) {
  const remembered = recall();
  if (remembered) root.dataset.theme = remembered;
  show(button);
  button.addEventListener("click", () => {
    const next = shown() === "dark" ? "light" : "dark";
    root.dataset.theme = next;
    remember(next);
    show(button);
    theme.dispatchEvent(new Event("change"));
  });
  system.addEventListener("change", () => {
    show(button);
    theme.dispatchEvent(new Event("change"));
  });
}

/** Return colours of the style sheet as the browser computes them now. */
export function colours(...names) {
  const probe = document.createElement("span");
  probe.hidden = true;
  document.body.append(probe);
  const found = names.map((name) => {
    probe.style.color = `var(--${name})`;
    return [name, getComputedStyle(probe).color];
  });
  probe.remove();
  return Object.fromEntries(found);
}

function shown() {
  return root.dataset.theme ?? (system.matches ? "dark" : "light");
}

function show(button) {
  root.dataset.shown = shown();
  button.setAttribute("aria-label", shown() === "dark" ? "Switch to light colours" : "Switch to dark colours");
}

// If the browser forbids storage, the choice lasts as long as the page.
function recall() {
  try {
    const value = localStorage.getItem(NAME);
    return value === "dark" || value === "light" ? value : null;
  } catch {
    return null;
  }
}

function remember(value) {
  try {
    localStorage.setItem(NAME, value);
  } catch {
    // Forbidden: see above.
  }
}
