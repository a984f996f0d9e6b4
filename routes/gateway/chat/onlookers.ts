import { directId } from "actors/conversation/conversation_ids.ts";
import type { AccountRecord, AccountStore } from "storage/account_storage.ts";
import type { MembershipStore, MessageStore } from "storage/conversation_storage.ts";

export interface OnlookerStores {
  readonly accounts: Pick<AccountStore, "read">;
  readonly memberships: Pick<MembershipStore, "blocked">;
  readonly messages: Pick<MessageStore, "spoken">;
}

export interface Visible {
  /** Whose presence the asker may see. */
  readonly presence: ReadonlySet<string>;
  /** Of those, of whom he may also know when they were there last. */
  readonly lastSeen: ReadonlySet<string>;
}

/** Who may know what of whose comings and goings. */
export async function visibleTo(
  asker: string,
  users: readonly string[],
  { accounts, memberships, messages }: OnlookerStores,
): Promise<Visible> {
  const direct = new Map([...new Set(users)].map((user) => [user, directId(asker, user)]));
  const [own, blocks, records] = await Promise.all([
    accounts.read(asker),
    memberships.blocked([...direct.values()]),
    Promise.all([...direct.keys()].map((user) => accounts.read(user))),
  ]);
  const blocked = new Set(blocks.map(({ conversation, by }) => `${conversation} ${by}`));
  // Whoever asks here is a member, so only "nobody" leaves him out.
  const shown = records.filter((record) => record?.state === "active")
    .filter((record): record is AccountRecord => record?.privacy.presence !== "nobody")
    .filter(({ id }) => !blocked.has(`${direct.get(id)} ${id}`));
  const presence = new Set(shown.map(({ id }) => id));
  if (own === undefined || own.privacy.presence === "nobody" || own.privacy.lastSeen === "nobody") {
    return { presence, lastSeen: new Set() };
  }
  const candidates = shown.filter(({ id, privacy }) =>
    privacy.lastSeen !== "nobody" && !blocked.has(`${direct.get(id)} ${asker}`)
  );
  const forContacts = candidates.filter(({ privacy }) => privacy.lastSeen === "contacts");
  const [theirs, mine] = await Promise.all([
    messages.spoken(forContacts.map(({ id }) => ({ conversation: direct.get(id)!, user: id }))),
    own.privacy.lastSeen === "contacts"
      ? messages.spoken(candidates.map(({ id }) => ({ conversation: direct.get(id)!, user: asker })))
      : undefined,
  ]);
  const lastSeen = candidates.filter(({ id, privacy }) =>
    (privacy.lastSeen !== "contacts" || theirs.has(direct.get(id)!)) &&
    (mine === undefined || mine.has(direct.get(id)!))
  );
  return { presence, lastSeen: new Set(lastSeen.map(({ id }) => id)) };
}
