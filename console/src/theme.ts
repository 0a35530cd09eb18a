import { createStore } from "./store.ts";

export type Theme = "system" | "light" | "dark";

const name = "smsgraph:theme";

const isTheme = (text: string | null): text is Theme =>
  text === "system" || text === "light" || text === "dark";

const stored = localStorage.getItem(name);

export const theme = createStore<Theme>(isTheme(stored) ? stored : "system");

export function applyTheme(): void {
  document.documentElement.dataset["theme"] = theme.get();
}

export function setTheme(next: Theme): void {
  theme.set(next);
  localStorage.setItem(name, next);
  applyTheme();
}
