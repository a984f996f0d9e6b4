import type { UpdateProfile } from "protocol/accounts.ts";
import { find, make } from "../shell/dom.ts";
import { startForm } from "../shell/form.ts";
import type { Desk } from "./desk.ts";
import type { Own } from "./account_api.ts";

const AUDIENCES: Readonly<Record<Own["privacy"]["bio"], string>> = {
  everyone: "Everyone",
  members: "People with an account",
  nobody: "Nobody",
};

export function startProfile(form: HTMLFormElement, desk: Desk): void {
  const name = find(form, "[name=name]", HTMLInputElement);
  const bio = find(form, "[name=bio]", HTMLTextAreaElement);
  const avatarUrl = find(form, "[name=avatarUrl]", HTMLInputElement);
  const privacy = {
    bio: audienceSelect(form, "privacy-bio"),
    presence: audienceSelect(form, "privacy-presence"),
  };
  desk.follow((own) => {
    name.value = own.name;
    bio.value = own.bio ?? "";
    avatarUrl.value = own.avatarUrl ?? "";
    privacy.bio.value = own.privacy.bio;
    privacy.presence.value = own.privacy.presence;
  });
  startForm(form, {
    done: "Saved",
    submit: async () => {
      const before = desk.own;
      const patch: UpdateProfile = {
        ...(name.value.trim() !== before.name && { name: name.value.trim() }),
        ...(bio.value.trim() !== (before.bio ?? "") && { bio: bio.value }),
        ...(avatarUrl.value.trim() !== (before.avatarUrl ?? "") && { avatarUrl: avatarUrl.value.trim() }),
        privacy: {
          bio: privacy.bio.value as Own["privacy"]["bio"],
          presence: privacy.presence.value as Own["privacy"]["presence"],
        },
      };
      const { token, ...own } = await desk.api.update(patch);
      desk.account.session.renamed({ id: own.id, name: own.name }, token);
      desk.change(own);
    },
  });
}

function audienceSelect(form: HTMLFormElement, name: string): HTMLSelectElement {
  const select = find(form, `[name=${name}]`, HTMLSelectElement);
  for (const [value, text] of Object.entries(AUDIENCES)) {
    const option = make("option", "", text);
    option.value = value;
    select.append(option);
  }
  return select;
}
