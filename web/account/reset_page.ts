import { request } from "../shell/api.ts";
import { find } from "../shell/dom.ts";
import { startForm } from "../shell/form.ts";
import type { Shell } from "../shell/shell.ts";
import { openEntry } from "./entry.ts";
import { entryLink } from "./return_to.ts";

/** A forgotten password: a code goes to a contact, and stands for the old one. */
export function showReset(shell: Shell): void {
  const page = openEntry(shell, "reset-page");
  const ask = find(page, ".ask-code", HTMLFormElement);
  const use = find(page, ".use-code", HTMLFormElement);
  const login = find(ask, "#login", HTMLInputElement);
  const code = find(use, "#code", HTMLInputElement);
  const show = (shown: HTMLFormElement, focus: HTMLElement) => {
    for (const form of [ask, use]) form.hidden = form !== shown;
    focus.focus();
  };

  startForm(ask, {
    submit: async () => {
      const who = login.value.trim();
      await request("/v1/password-resets", { method: "POST", body: { login: who } });
      find(use, "[data-login]", HTMLElement).textContent = who;
      show(use, code);
    },
  });
  startForm(use, {
    submit: async (typed) => {
      await request("/v1/password-resets/confirm", {
        method: "POST",
        body: {
          login: login.value.trim(),
          code: (typed.get("code") ?? "").replace(/\s/g, ""),
          password: typed.get("password") ?? "",
        },
      });
      const link = new URL(entryLink("/login"), location.origin);
      link.searchParams.set("reset", "1");
      location.assign(link);
    },
    explain: ({ reason }) => {
      if (reason === "forbidden" || reason === "unauthenticated") {
        return { field: "code", text: "The code does not fit" };
      }
      return reason === "gone"
        ? { field: "code", text: "The code is not good any more; send another one" }
        : undefined;
    },
  });
  find(use, "[data-again]", HTMLButtonElement).addEventListener("click", () => show(ask, login));
  login.focus();
}
