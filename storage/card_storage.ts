import type { Privacy } from "protocol/accounts.ts";
import type { Assistant } from "protocol/assistants.ts";
import type { RoomSettings } from "protocol/rooms.ts";
import type { User } from "protocol/users.ts";

/** What is read by its id so often that it is cached. */
export const ENTITIES = ["user", "room"] as const;
export type Entity = typeof ENTITIES[number];

/** An account as far as others may see it; `bioFor` says who may see the bio. */
export interface UserCard {
  readonly id: string;
  readonly login: string;
  readonly name: string;
  readonly avatarUrl?: string;
  readonly bio: string;
  readonly bioFor: Privacy["bio"];
  readonly state: "active" | "removed";
  readonly createdAt: number;
}

export interface RoomCard {
  readonly id: string;
  readonly title: string;
  readonly owner: User;
  /** Ids of users. */
  readonly moderators: readonly string[];
  readonly state: "live" | "ended" | "deleted";
  readonly settings: RoomSettings;
  readonly assistant?: Assistant;
  readonly createdAt: number;
  readonly endedAt?: number;
}

export interface Cards {
  readonly user: UserCard;
  readonly room: RoomCard;
}

/** Grows with every change of what the card shows; the first is 1. */
export interface Versioned<T> {
  readonly version: number;
  readonly value: T;
}

export interface CardStore {
  /** In one query; ids that nothing has are missing, none may be given twice. */
  read<E extends Entity>(entity: E, ids: readonly string[]): Promise<Map<string, Versioned<Cards[E]>>>;
  /** Users, removed ones too, in the order in which they came into being. */
  users(page: { after: { at: number; id: string }; limit: number }): Promise<{ at: number; id: string }[]>;
}

/** A card of this version or a newer one is in the store; whatever is older is out of date. */
export interface CardChange {
  readonly entity: Entity;
  readonly id: string;
  readonly version: number;
}

/** Every change of a card leaves a row in the transaction that made it, until it has been told. */
export interface ChangeStore {
  /** Calls back after each commit of a change by this process; returns a function that ends it. */
  watch(listener: (change: CardChange) => void): () => void;
  /** Changes made at least `ageMs` ago by the database's clock that nobody has settled, the oldest first. */
  untold(ageMs: number, limit: number): Promise<CardChange[]>;
  settle(changes: readonly CardChange[]): Promise<void>;
}
