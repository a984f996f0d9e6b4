import { load, save } from "./saved.ts";

type Theme = "light" | "dark";

/** Follows the system until the viewer chooses. */
export function startTheme(button: HTMLButtonElement): void {
  const chosen = load("theme", isTheme);
  if (chosen) apply(chosen);
  label(button);
  button.addEventListener("click", () => {
    const theme = shown() === "dark" ? "light" : "dark";
    apply(theme);
    save("theme", theme);
    label(button);
  });
}

export function darkIsShown(): boolean {
  return shown() === "dark";
}

function apply(theme: Theme): void {
  document.documentElement.dataset.theme = theme;
}

function shown(): Theme {
  const { theme } = document.documentElement.dataset;
  if (isTheme(theme)) return theme;
  return matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark";
}

function label(button: HTMLButtonElement): void {
  button.setAttribute(
    "aria-label",
    shown() === "dark" ? "Switch to the light theme" : "Switch to the dark theme",
  );
}

function isTheme(value: unknown): value is Theme {
  return value === "light" || value === "dark";
}
