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

type LastSeen = NonNullable<Own["privacy"]["lastSeen"]>;
const LAST_SEEN_AUDIENCES: Readonly<Record<LastSeen, string>> = {
  everyone: "Whoever sees that you are online",
  contacts: "Those you have written to",
  nobody: "Nobody, and you see nobody's",
};

export function startProfile(form: HTMLFormElement, desk: Desk): void {
  const name = find(form, "[name=name]", HTMLInputElement);
  const bio = find(form, "[name=bio]", HTMLTextAreaElement);
  const avatarUrl = find(form, "[name=avatarUrl]", HTMLInputElement);
  const privacy = {
    bio: audienceSelect(form, "privacy-bio", AUDIENCES),
    presence: audienceSelect(form, "privacy-presence", AUDIENCES),
    lastSeen: audienceSelect(form, "privacy-lastSeen", LAST_SEEN_AUDIENCES),
  };
  desk.follow((own) => {
    name.value = own.name;
    bio.value = own.bio ?? "";
    avatarUrl.value = own.avatarUrl ?? "";
    privacy.bio.value = own.privacy.bio;
    privacy.presence.value = own.privacy.presence;
    privacy.lastSeen.value = own.privacy.lastSeen ?? "everyone";
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
          lastSeen: privacy.lastSeen.value as LastSeen,
        },
      };
      const { token, ...own } = await desk.api.update(patch);
      desk.account.session.renamed({ id: own.id, name: own.name }, token);
      desk.change(own);
    },
  });
}

function audienceSelect(
  form: HTMLFormElement,
  name: string,
  audiences: Readonly<Record<string, string>>,
): HTMLSelectElement {
  const select = find(form, `[name=${name}]`, HTMLSelectElement);
  for (const [value, text] of Object.entries(audiences)) {
    const option = make("option", "", text);
    option.value = value;
    select.append(option);
  }
  return select;
}
