import { BarrageCallError } from "client/mod.ts";
import { find } from "../shell/dom.ts";
import { startForm } from "../shell/form.ts";
import { messageOf } from "../shell/messages.ts";
import type { Shell } from "../shell/shell.ts";
import { goOn, note, openEntry } from "./entry.ts";
import { providerFailure } from "./provider_errors.ts";
import { showProviders } from "./providers.ts";

export async function showLogin(shell: Shell): Promise<void> {
  const { session } = shell.account;
  const asked = new URLSearchParams(location.search);
  const failed = asked.has("back") ? await adopt(shell) : undefined;
  if (session.user) return goOn(shell);
  const page = openEntry(shell, "login-page");
  if (failed !== undefined) note(page, failed, "bad");
  else if (asked.has("error")) note(page, providerFailure(asked.get("error") ?? ""), "bad");
  else if (asked.has("ended")) note(page, "You have been signed out here. Sign in to go on.");
  else if (asked.has("reset")) note(page, "Your new password is set. Sign in with it.");
  showProviders(page, shell.account);

  const password = find(page, "#password", HTMLInputElement);
  startForm(find(page, "form", HTMLFormElement), {
    submit: async (typed) => {
      await session.signIn({
        login: typed.get("login")?.trim() ?? "",
        password: typed.get("password") ?? "",
      });
      goOn(shell);
    },
    explain: ({ reason }) => {
      if (reason !== "unauthenticated") return undefined;
      password.select();
      return { field: "password", text: "Login or password is wrong" };
    },
  });
  find(page, "#login", HTMLInputElement).focus();
}

/** What went wrong, if anything did. */
async function adopt({ account }: Shell): Promise<string | undefined> {
  try {
    await account.session.adopt();
    return undefined;
  } catch (error) {
    if (!(error instanceof BarrageCallError)) throw error;
    return error.reason === "unauthenticated" ? "That did not sign you in; try again" : messageOf(error);
  }
}
