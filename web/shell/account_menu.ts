import type { Account } from "./account.ts";
import { showAvatar } from "./avatar.ts";
import { find } from "./dom.ts";
import { ask } from "./text_dialog.ts";

/** The name in the top bar; a click changes it. Returns a function that shows the present name. */
export function startAccountMenu(account: Account, renamed: () => void): () => void {
  const button = find(document, "#account", HTMLButtonElement);
  const show = () => {
    const name = account.name ?? "Guest";
    find(button, ".account-name", HTMLElement).textContent = name;
    button.setAttribute("aria-label", `Your name is ${name}; change it`);
    showAvatar(find(button, ".avatar", HTMLElement), name);
  };
  button.addEventListener("click", () =>
    ask({
      title: "What should we call you?",
      note: "Everyone in the room sees this name beside what you say.",
      action: "Save",
      input: { label: "Your name", value: account.name ?? "", maxLength: 32 },
      submit: async (name) => {
        if (name === "" || name === account.name) return;
        await account.rename(name);
        show();
        renamed();
      },
    }));
  show();
  return show;
}
