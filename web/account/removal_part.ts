import { BarrageCallError } from "client/mod.ts";
import { find } from "../shell/dom.ts";
import { messageOf } from "../shell/messages.ts";
import { ask } from "../shell/text_dialog.ts";
import { confirmed } from "./confirmation.ts";
import type { Desk } from "./desk.ts";

/** Deletes the account, after a question that is not answered by mistake. */
export function startRemoval(part: HTMLElement, desk: Desk): void {
  const button = find(part, "[data-remove]", HTMLButtonElement);
  const status = find(part, ".form-error", HTMLElement);
  button.addEventListener("click", () => {
    const { own } = desk;
    let agreed = false;
    status.textContent = "";
    ask({
      title: "Delete your account?",
      note:
        `@${own.login} goes for good, at once, and nobody can bring it back. Your rooms stay without you. ` +
        "To go on, type your login.",
      action: "Delete for good",
      danger: true,
      input: { label: "Your login", value: "", maxLength: 64 },
      submit: (typed) => {
        agreed = typed.toLowerCase() === own.login;
        if (agreed) return Promise.resolve();
        return Promise.reject(new BarrageCallError("invalid_params", "That is not your login"));
      },
      // Only then can the password be asked for.
      closed: () => agreed && remove(desk, status),
    });
  });
}

async function remove(desk: Desk, status: HTMLElement): Promise<void> {
  try {
    await confirmed(() => desk.account.session.leave(() => desk.api.remove()), desk);
    location.assign("/");
  } catch (error) {
    status.textContent = messageOf(error);
  }
}
