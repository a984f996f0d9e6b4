import { clone, find, make } from "../../shell/dom.ts";
import { toast } from "../../shell/toast.ts";
import type { ReportReason } from "protocol/reports.ts";
import { complaintOf } from "../complaints.ts";

const REASONS = [
  ["spam", "Spam or advertising"],
  ["abuse", "Insults, threats or hate"],
  ["illegal", "Something illegal"],
  ["other", "Something else"],
] as const satisfies readonly (readonly [ReportReason, string])[];

/** Asks what is wrong with a message, and tells those who run the server. */
export function report(send: (reason: ReportReason, note?: string) => Promise<unknown>): void {
  const dialog = find(clone("report-dialog"), "dialog", HTMLDialogElement);
  const form = find(dialog, "form", HTMLFormElement);
  const reason = find(form, "select", HTMLSelectElement);
  reason.append(...REASONS.map(([value, words]) => {
    const option = make("option", "", words);
    option.value = value;
    return option;
  }));
  const chosen = () => REASONS.map(([value]) => value).find((value) => value === reason.value);
  find(form, "[data-cancel]", HTMLButtonElement).addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const submit = find(form, "[type=submit]", HTMLButtonElement);
    submit.disabled = true;
    try {
      const note = find(form, "textarea", HTMLTextAreaElement).value.trim();
      await send(chosen() ?? "other", note === "" ? undefined : note);
      dialog.close();
      toast("Thank you: those who run this server will look at it");
    } catch (error) {
      find(form, ".form-error", HTMLElement).textContent = complaintOf(error);
    } finally {
      submit.disabled = false;
    }
  });
  document.body.append(dialog);
  dialog.showModal();
}
