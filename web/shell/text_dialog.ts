import { messageOf } from "./messages.ts";
import { find } from "./dom.ts";

export interface Question {
  readonly title: string;
  readonly note: string;
  readonly action: string;
  /** Absent: nothing to type, only to confirm. */
  readonly input?: { readonly label: string; readonly value: string; readonly maxLength: number };
  readonly danger?: boolean;
  /** Keeps the dialog open and shows the error when it rejects. */
  readonly submit: (text: string) => Promise<void>;
}

/** Asks one question in the page's dialog; closing it without an answer does nothing. */
export function ask(question: Question): void {
  const dialog = find(document, "#text-dialog", HTMLDialogElement);
  const form = find(dialog, "form", HTMLFormElement);
  const input = find(dialog, "input", HTMLInputElement);
  const error = find(dialog, ".form-error", HTMLElement);
  const action = find(dialog, "button[type=submit]", HTMLButtonElement);
  find(dialog, "h2", HTMLElement).textContent = question.title;
  find(dialog, ".dialog-note", HTMLElement).textContent = question.note;
  find(dialog, "label", HTMLElement).textContent = question.input?.label ?? "";
  input.hidden = !question.input;
  input.value = question.input?.value ?? "";
  input.maxLength = question.input?.maxLength ?? 1;
  action.textContent = question.action;
  action.classList.toggle("danger", question.danger ?? false);
  error.textContent = "";

  const open = new AbortController();
  const { signal } = open;
  dialog.addEventListener("close", () => open.abort(), { signal });
  find(dialog, "[data-cancel]", HTMLButtonElement).addEventListener("click", () => dialog.close(), {
    signal,
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    action.disabled = true;
    try {
      await question.submit(input.value.trim());
      dialog.close();
    } catch (failure) {
      error.textContent = messageOf(failure);
    } finally {
      action.disabled = false;
    }
  }, { signal });
  dialog.showModal();
  input.select();
}
