import { messageOf } from "./messages.ts";
import { find } from "./dom.ts";
import { noticeRefusal } from "./site_notice.ts";

export interface TextInput {
  readonly label: string;
  readonly value: string;
  readonly maxLength: number;
  /** @default {"text"} */
  readonly type?: "text" | "password";
  /** As the attribute. @default {"off"} */
  readonly autocomplete?: AutoFill;
}

export interface Question {
  readonly title: string;
  readonly note: string;
  readonly action: string;
  /** Absent: nothing to type, only to confirm. */
  readonly input?: TextInput;
  readonly danger?: boolean;
  /** Keeps the dialog open and shows the error when it rejects. */
  readonly submit: (text: string) => Promise<void>;
  /** What it rejects with, in words. @default {messageOf} */
  readonly words?: (error: unknown) => string;
  /** However it was closed. */
  readonly closed?: () => unknown;
}

/** Asks one question in the page's dialog, after the one that is there; closing it without an answer does nothing. */
export function ask(question: Question): void {
  const dialog = find(document, "#text-dialog", HTMLDialogElement);
  if (dialog.open) return dialog.addEventListener("close", () => ask(question), { once: true });
  const form = find(dialog, "form", HTMLFormElement);
  const input = find(dialog, "input", HTMLInputElement);
  const error = find(dialog, ".form-error", HTMLElement);
  const action = find(dialog, "button[type=submit]", HTMLButtonElement);
  find(dialog, "h2", HTMLElement).textContent = question.title;
  find(dialog, ".dialog-note", HTMLElement).textContent = question.note;
  find(dialog, "label", HTMLElement).textContent = question.input?.label ?? "";
  input.hidden = !question.input;
  input.type = question.input?.type ?? "text";
  input.autocomplete = question.input?.autocomplete ?? "off";
  input.value = question.input?.value ?? "";
  input.maxLength = question.input?.maxLength ?? 1;
  action.textContent = question.action;
  action.classList.toggle("danger", question.danger ?? false);
  error.textContent = "";

  const open = new AbortController();
  const { signal } = open;
  dialog.addEventListener("close", () => {
    open.abort();
    input.value = "";
    question.closed?.();
  }, { signal });
  find(dialog, "[data-cancel]", HTMLButtonElement).addEventListener("click", () => dialog.close(), {
    signal,
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    action.disabled = true;
    try {
      // A password is what it is.
      await question.submit(input.type === "password" ? input.value : input.value.trim());
      dialog.close();
    } catch (failure) {
      noticeRefusal(failure);
      error.textContent = (question.words ?? messageOf)(failure);
      input.select();
    } finally {
      action.disabled = false;
    }
  }, { signal });
  dialog.showModal();
  input.select();
}
