import { LRUCache } from "lru-cache";
import { roleOf } from "actors/account/permissions.ts";
import type { CardRead, CardReader, ReadOptions } from "actors/lookup/card_reader.ts";
import { parseCard } from "actors/lookup/cards.ts";
import type { Caller } from "actors/runtime/caller.ts";
import { rolesOf } from "actors/room/permissions.ts";
import { BarrageError } from "protocol/errors.ts";
import type { Cards, Entity } from "storage/card_storage.ts";

const PARSED_MAX = 10_000;

/** A card with where it stands. */
export interface Shown<E extends Entity> {
  readonly card: Cards[E];
  readonly version: number;
  readonly ageMs: number;
}

interface Parsed<E extends Entity> {
  readonly json: string;
  readonly card: Cards[E];
}

/** Reads cards for requests. Whoever may change one sees it as it is; everybody else as it was a short while ago. */
export class CardDesk {
  readonly #reader: Pick<CardReader, "read" | "atHand">;
  readonly #parsed = new LRUCache<string, Parsed<Entity>>({ max: PARSED_MAX });

  constructor(reader: Pick<CardReader, "read" | "atHand">) {
    this.#reader = reader;
  }

  /**
   * @param seen The version that the asker has; none before it is shown.
   * @throws {BarrageError} `gone` for an account that was removed; undefined when there never was one.
   */
  async user(id: string, caller: Caller, seen = 0): Promise<Shown<"user"> | undefined> {
    return await this.#read("user", id, { fresh: isFresh(caller, id), atLeast: seen });
  }

  async room(id: string, caller: Caller, seen = 0): Promise<Shown<"room"> | undefined> {
    const shown = await this.#read("room", id, { fresh: isChief(caller), atLeast: seen });
    // The owner of a room stays its owner, so a card of any age tells it; and whoever may open rooms may just have done so.
    const own = shown === undefined ? caller.kind === "user" : isOwner(caller, shown.card.owner.id);
    return own && !isChief(caller) ? await this.#read("room", id, { fresh: true }) : shown;
  }

  /** As `user`, of what takes no waiting; undefined says nothing. */
  userAtHand(id: string, caller: Caller, seen: number): Shown<"user"> | undefined {
    return isFresh(caller, id) ? undefined : this.#atHand("user", id, seen);
  }

  /** As `room`, of what takes no waiting; undefined says nothing. */
  roomAtHand(id: string, caller: Caller, seen: number): Shown<"room"> | undefined {
    const known = this.#known("room", id);
    // Whether it is the caller's own has to be known before.
    if (known === undefined || isChief(caller) || isOwner(caller, known.card.owner.id)) return undefined;
    return this.#atHand("room", id, seen);
  }

  #atHand<E extends Entity>(entity: E, id: string, seen: number): Shown<E> | undefined {
    const read = this.#reader.atHand(entity, id, seen);
    if (read?.json === undefined) return undefined;
    const card = this.#parse(entity, id, read.json);
    return card === undefined ? undefined : shownOf(card, read);
  }

  async #read<E extends Entity>(entity: E, id: string, options: ReadOptions): Promise<Shown<E> | undefined> {
    const read = await this.#reader.read(entity, id, options);
    if (read.json === undefined) return undefined;
    const card = this.#parse(entity, id, read.json);
    if (card !== undefined) return shownOf(card, read);
    // Whatever lay in the cache was not ours.
    const again = await this.#reader.read(entity, id, { fresh: true });
    if (again.json === undefined) return undefined;
    const second = this.#parse(entity, id, again.json);
    if (second === undefined) throw new BarrageError("internal");
    return shownOf(second, again);
  }

  /** Many read the same text: it is parsed once. */
  #parse<E extends Entity>(entity: E, id: string, json: string): Cards[E] | undefined {
    const known = this.#known(entity, id);
    if (known?.json === json) return known.card;
    const card = parseCard(entity, json);
    if (card !== undefined) this.#parsed.set(`${entity}:${id}`, { json, card });
    return card;
  }

  #known<E extends Entity>(entity: E, id: string): Parsed<E> | undefined {
    // The key tells the entity, which the type of the map does not.
    return this.#parsed.get(`${entity}:${id}`) as Parsed<E> | undefined;
  }
}

function shownOf<E extends Entity>(card: Cards[E], { version, ageMs }: CardRead): Shown<E> {
  return { card, version, ageMs };
}

/** Whether the caller may change the account, or sees all of it. */
function isFresh(caller: Caller, account: string): boolean {
  const role = roleOf(caller, account);
  return role === "self" || role === "operator" || role === "service";
}

function isChief(caller: Caller): boolean {
  const roles = rolesOf(caller, undefined);
  return roles.includes("operator") || roles.includes("service:rooms");
}

function isOwner(caller: Caller, owner: string): boolean {
  return (caller.kind === "user" || caller.kind === "service") && caller.user.id === owner;
}
