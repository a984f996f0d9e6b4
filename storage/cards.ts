import type { Privacy } from "protocol/accounts.ts";
import type { Assistant } from "protocol/assistants.ts";
import type { RoomSettings } from "protocol/rooms.ts";
import type { Cards as CardOf, CardStore, Entity, RoomCard, UserCard, Versioned } from "./card_storage.ts";
import type { Engine } from "./engine.ts";
import type { AccountRow, RoomRow } from "./schema.ts";

const USER_COLUMNS = [
  "id",
  "login",
  "name",
  "avatar_url",
  "bio",
  "privacy",
  "state",
  "created_at",
  "version",
] as const;
/** What is read for the card of a room. */
export const ROOM_COLUMNS = [
  "id",
  "title",
  "owner_id",
  "owner_name",
  "moderators",
  "state",
  "settings",
  "assistant",
  "created_at",
  "ended_at",
] as const;

export class Cards implements CardStore {
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  async read<E extends Entity>(
    entity: E,
    ids: readonly string[],
  ): Promise<Map<string, Versioned<CardOf[E]>>> {
    const found = entity === "user" ? await this.#users(ids) : await this.#rooms(ids);
    // Which of the two it is follows from `entity`, which TypeScript does not narrow E by.
    return found as Map<string, Versioned<CardOf[E]>>;
  }

  async users(
    { after, limit }: { after: { at: number; id: string }; limit: number },
  ): Promise<{ at: number; id: string }[]> {
    const rows = await this.#engine.db.selectFrom("account").select(["id", "created_at as at"])
      .where(({ eb, refTuple, tuple }) => eb(refTuple("created_at", "id"), ">", tuple(after.at, after.id)))
      .orderBy("created_at").orderBy("id").limit(limit).execute();
    return rows.map(({ id, at }) => ({ id, at }));
  }

  async #users(ids: readonly string[]): Promise<Map<string, Versioned<UserCard>>> {
    const rows = await this.#engine.db.selectFrom("account").select(USER_COLUMNS)
      .where(this.#engine.isOneOf("id", ids)).execute();
    return new Map(rows.map((row) => [row.id, { version: row.version, value: userCard(row) }]));
  }

  async #rooms(ids: readonly string[]): Promise<Map<string, Versioned<RoomCard>>> {
    const rows = await this.#engine.db.selectFrom("room").select([...ROOM_COLUMNS, "version"])
      .where(this.#engine.isOneOf("id", ids)).execute();
    return new Map(rows.map((row) => [row.id, { version: row.version, value: roomCard(row) }]));
  }
}

function userCard(row: Pick<AccountRow, typeof USER_COLUMNS[number]>): UserCard {
  const { id, login, name, bio, state } = row;
  const privacy = JSON.parse(row.privacy) as Privacy;
  return {
    ...{ id, login, name, bio, state },
    bioFor: privacy.bio,
    ...(row.avatar_url !== null && { avatarUrl: row.avatar_url }),
    createdAt: row.created_at,
  };
}

export function roomCard(row: Pick<RoomRow, typeof ROOM_COLUMNS[number]>): RoomCard {
  return {
    id: row.id,
    title: row.title,
    owner: { id: row.owner_id, name: row.owner_name },
    moderators: JSON.parse(row.moderators) as string[],
    state: row.state,
    settings: JSON.parse(row.settings) as RoomSettings,
    ...(row.assistant !== null && { assistant: shownAssistant(row.assistant) }),
    createdAt: row.created_at,
    ...(row.ended_at !== null && { endedAt: row.ended_at }),
  };
}

/** What it is told is not for everybody to read. */
function shownAssistant(column: string): Assistant {
  const { id, name, model, enabled } = JSON.parse(column) as Assistant;
  return { id, name, model, enabled };
}
