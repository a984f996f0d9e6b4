import { find } from "../shell/dom.ts";
import { startForm } from "../shell/form.ts";
import type { Shell } from "../shell/shell.ts";
import { goOn, note, openEntry } from "./entry.ts";
import { showProviders } from "./providers.ts";

/** A guest who registers goes on as who he was: the same id, the same rooms, and the name unless he changes it. */
export function showRegister(shell: Shell): void {
  const { session, guests } = shell.account;
  if (session.user) return goOn(shell);
  const page = openEntry(shell, "register-page");
  const name = find(page, "#name", HTMLInputElement);
  const login = find(page, "#login", HTMLInputElement);
  if (guests.present) {
    name.value = guests.chosenName ?? "";
    note(page, "Your rooms and what you have said stay yours.");
  }
  showProviders(page, shell.account);
  startForm(find(page, "form", HTMLFormElement), {
    submit: async (typed) => {
      const login = typed.get("login")?.trim() ?? "";
      const name = typed.get("name")?.trim() || login;
      const password = typed.get("password") ?? "";
      await session.register({ login, password, name, guest: guests.present?.token });
      goOn(shell);
    },
    explain: ({ reason }) => {
      switch (reason) {
        case "conflict":
          return { field: "login", text: "This login is taken" };
        case "unauthenticated":
          // The guest is unknown by now; the next try is without.
          guests.forget();
          return { text: "The server did not know you any more; try again" };
        default:
          return undefined;
      }
    },
  });
  (name.value === "" ? name : login).focus();
}
