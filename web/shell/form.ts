import { BarrageCallError } from "client/mod.ts";
import { find, make } from "./dom.ts";
import { messageOf } from "./messages.ts";
import { noticeRefusal } from "./site_notice.ts";

export interface FormOptions {
  /** What was typed, by the names of the fields. What it rejects with is shown beside its field. */
  readonly submit: (typed: ReadonlyMap<string, string>) => Promise<void>;
  /** Other words for a failure, and the field it is about, where the failure itself does not name it. */
  readonly explain?: (error: BarrageCallError) => Complaint | undefined;
  /** Shown when it is done. */
  readonly done?: string;
}

export interface Complaint {
  readonly field?: string;
  readonly text: string;
}

let forms = 0;

/** A form whose complaints stand beside its fields, are read out, and lead the keyboard there. */
export function startForm(form: HTMLFormElement, options: FormOptions): void {
  const submit = find(form, "button[type=submit]", HTMLButtonElement);
  const status = find(form, ".form-error", HTMLElement);
  const prefix = `form-${++forms}`;
  const fields = [
    ...form.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>("input.field, textarea.field"),
  ];
  const errors = new Map(fields.map((field) => [field.name, errorBeside(field, prefix)]));

  function complain({ field, text }: Complaint): void {
    const input = fields.find(({ name }) => name === field);
    const error = errors.get(field ?? "");
    if (input === undefined || error === undefined) {
      status.textContent = text;
      return;
    }
    error.textContent = text;
    input.setAttribute("aria-invalid", "true");
    input.focus();
  }

  function calm(): void {
    delete status.dataset.kind;
    status.textContent = "";
    for (const error of errors.values()) error.textContent = "";
    for (const field of fields) field.removeAttribute("aria-invalid");
  }

  for (const field of fields) {
    field.addEventListener("input", () => {
      field.removeAttribute("aria-invalid");
      const error = errors.get(field.name);
      if (error) error.textContent = "";
    });
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    calm();
    const missing = fields.find((field) => field.required && field.value.trim() === "");
    if (missing) return complain({ field: missing.name, text: missing.dataset.missing ?? "Cannot be empty" });
    submit.disabled = true;
    try {
      await options.submit(new Map(fields.map(({ name, value }) => [name, value])));
      if (options.done === undefined) return;
      status.dataset.kind = "done";
      status.textContent = options.done;
    } catch (error) {
      noticeRefusal(error);
      complain(complaintOf(error, options.explain));
    } finally {
      submit.disabled = false;
    }
  });
}

function complaintOf(error: unknown, explain: FormOptions["explain"]): Complaint {
  const known = error instanceof BarrageCallError ? explain?.(error) : undefined;
  if (known) return known;
  const field = error instanceof BarrageCallError ? error.path?.split(".").at(-1) : undefined;
  return { text: messageOf(error), ...(field !== undefined && { field }) };
}

function errorBeside(field: HTMLElement, prefix: string): HTMLElement {
  const error = make("p", "field-error");
  error.id = `${prefix}-${field.id}`;
  error.setAttribute("aria-live", "polite");
  const described = [field.getAttribute("aria-describedby"), error.id].filter((id) => id !== null);
  field.setAttribute("aria-describedby", described.join(" "));
  find(field.closest(".labelled") ?? document, ".field-box, .field", HTMLElement).after(error);
  return error;
}
