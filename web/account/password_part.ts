import { find, plural } from "../shell/dom.ts";
import { startForm } from "../shell/form.ts";
import { confirmed } from "./confirmation.ts";
import type { Desk } from "./desk.ts";

/** Sets a first password, or another one. */
export function startPassword(form: HTMLFormElement, desk: Desk): void {
  const current = find(form, "[name=current]", HTMLInputElement);
  const title = find(form, "h3", HTMLElement);
  const submit = find(form, "button[type=submit]", HTMLButtonElement);
  const status = find(form, ".form-error", HTMLElement);
  const section = form.parentElement;
  desk.follow(({ hasPassword, login }) => {
    title.textContent = hasPassword ? "Change your password" : "Set a password";
    submit.textContent = hasPassword ? "Change password" : "Set password";
    find(form, "[data-current]", HTMLElement).hidden = !hasPassword;
    current.required = hasPassword;
    find(form, "[data-username]", HTMLInputElement).value = login;
    if (section) find(section, "[data-login]", HTMLElement).textContent = login;
  });
  startForm(form, {
    submit: async (typed) => {
      const change = {
        password: typed.get("password") ?? "",
        ...(desk.own.hasPassword && { current: typed.get("current") ?? "" }),
      };
      const act = () => desk.api.changePassword(change);
      const { ended } = await (desk.own.hasPassword ? act() : confirmed(act, desk));
      form.reset();
      await desk.reload();
      status.dataset.kind = "done";
      status.textContent = ended === 0
        ? "Your password is set"
        : `Your password is set, and ${plural(ended, "other browser")} signed out`;
    },
    explain: ({ reason }) =>
      reason === "confirmation_required" && desk.own.hasPassword
        ? { field: "current", text: "The password is wrong" }
        : undefined,
  });
}
