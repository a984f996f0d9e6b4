import type { Account, LoginSession, Privacy, Profile } from "protocol/accounts.ts";
import type { UserCard } from "storage/card_storage.ts";
import type { AccountRecord, SessionRecord } from "storage/account_storage.ts";
import type { AccountRole } from "./permissions.ts";

/** What the account itself sees. */
export function accountView(record: AccountRecord): Account {
  const { role, privacy, contacts, identities } = record;
  return {
    ...profileView(record, "self"),
    role,
    privacy,
    hasPassword: record.password !== undefined,
    contacts: [...contacts],
    identities: identities.map(({ provider, linkedAt }) => ({ provider, linkedAt })),
  };
}

/** What `role` sees of somebody else. */
export function profileView(record: AccountRecord, role: AccountRole): Profile {
  return cardView({ ...record, bioFor: record.privacy.bio }, role);
}

/** The same of a card that may have come out of a cache. */
export function cardView(card: Omit<UserCard, "state">, role: AccountRole): Profile {
  const { id, login, name, avatarUrl, bio, createdAt, bioFor } = card;
  return {
    id,
    login,
    name,
    createdAt,
    ...(avatarUrl === undefined || avatarUrl === "" ? {} : { avatarUrl }),
    ...(bio !== "" && shows(bioFor, role) ? { bio } : {}),
  };
}

export function sessionView(session: SessionRecord, current: string | undefined): LoginSession {
  const { id, device, address, region, createdAt, usedAt, endsAt } = session;
  const place = region === undefined ? address : `${address}, ${region}`;
  return { id, device, place, createdAt, usedAt, endsAt, current: id === current };
}

function shows(audience: Privacy["bio" | "presence"], role: AccountRole): boolean {
  if (role === "self" || role === "operator" || role === "system" || role === "service") return true;
  switch (audience) {
    case "everyone":
      return true;
    case "members":
      return role === "other";
    case "nobody":
      return false;
  }
}
