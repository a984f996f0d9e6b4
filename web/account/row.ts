import { clone, find, icon, make } from "../shell/dom.ts";

export interface RowContent {
  readonly icon: string;
  readonly title: string;
  readonly note: string;
  /** A word beside the title. */
  readonly badge?: string;
  readonly action?: { readonly text: string; readonly label: string; readonly act: () => Promise<void> };
}

/** One thing of a list and what can be done with it. @param failed Told what the action rejects with. */
export function makeRow(content: RowContent, failed: (error: unknown) => void): HTMLElement {
  const row = find(clone("row"), ".row", HTMLElement);
  find(row, ".row-icon", HTMLElement).append(icon(content.icon));
  const title = find(row, ".row-title", HTMLElement);
  title.textContent = content.title;
  if (content.badge !== undefined) title.append(make("span", "badge", content.badge));
  find(row, ".row-note", HTMLElement).textContent = content.note;
  const button = find(row, ".row-action", HTMLButtonElement);
  const { action } = content;
  if (action === undefined) {
    button.remove();
    return row;
  }
  button.textContent = action.text;
  button.setAttribute("aria-label", action.label);
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      await action.act();
    } catch (error) {
      failed(error);
    } finally {
      button.disabled = false;
    }
  });
  return row;
}
