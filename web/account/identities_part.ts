import { find, make } from "../shell/dom.ts";
import { messageOf } from "../shell/messages.ts";
import { confirmed } from "./confirmation.ts";
import type { Desk } from "./desk.ts";
import { goToProvider, type Provider } from "./providers.ts";
import { makeRow, type RowContent } from "./row.ts";

/** Other providers to sign in with: linked ones, and those that could be. */
export function startIdentities(part: HTMLElement, desk: Desk): void {
  const rows = find(part, ".rows", HTMLElement);
  const status = make("p", "form-error");
  status.setAttribute("role", "status");
  rows.after(status);
  desk.follow(({ identities }) => {
    const gone = identities.filter(({ provider }) => !desk.providers.some(({ id }) => id === provider));
    const all = [...desk.providers, ...gone.map(({ provider }) => ({ id: provider, name: provider }))];
    part.hidden = all.length === 0;
    status.textContent = "";
    rows.replaceChildren(...all.map((provider) =>
      makeRow(contentOf(provider, desk), (error) => {
        status.textContent = messageOf(error);
      })
    ));
  });
}

function contentOf({ id, name }: Provider, desk: Desk): RowContent {
  const { own, api } = desk;
  const linked = own.identities.find(({ provider }) => provider === id);
  if (linked === undefined) {
    const act = () => goToProvider(id, { purpose: "link", returnTo: "/account#signing-in" });
    return {
      icon: "link",
      title: name,
      note: "Not linked",
      action: { text: "Link", label: `Link ${name}`, act: () => confirmed(act, desk) },
    };
  }
  const since = new Date(linked.linkedAt).toLocaleDateString("en", { dateStyle: "medium" });
  const row = { icon: "link", title: name, note: `Linked since ${since}` };
  // The last way to sign in stays.
  if (!own.hasPassword && own.identities.length === 1) return row;
  return {
    ...row,
    action: {
      text: "Unlink",
      label: `Unlink ${name}`,
      act: async () => desk.change(await confirmed(() => api.unlink(id), desk)),
    },
  };
}
