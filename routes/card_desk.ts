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

/** Reads cards for requests. Whoever may change one sees it as it is; everybody else as it was a short while ago. */
export class CardDesk {
  readonly #reader: Pick<CardReader, "read">;
  readonly #parsed = new LRUCache<string, { readonly json: string; readonly card: Cards[Entity] }>({
    max: PARSED_MAX,
  });

  constructor(reader: Pick<CardReader, "read">) {
    this.#reader = reader;
  }

  /**
   * @param seen The version that the asker has; none before it is shown.
   * @throws {BarrageError} `gone` for an account that was removed; undefined when there never was one.
   */
  async user(id: string, caller: Caller, seen = 0): Promise<Shown<"user"> | undefined> {
    const role = roleOf(caller, id);
    const fresh = role === "self" || role === "operator" || role === "service";
    return await this.#read("user", id, { fresh, atLeast: seen });
  }

  async room(id: string, caller: Caller, seen = 0): Promise<Shown<"room"> | undefined> {
    const shown = await this.#read("room", id, { fresh: isChief(caller), atLeast: seen });
    // The owner of a room stays its owner, so a card of any age tells it; and whoever may open rooms may just have done so.
    const own = shown === undefined ? caller.kind === "user" : isOwner(caller, shown.card.owner.id);
    return own && !isChief(caller) ? await this.#read("room", id, { fresh: true }) : shown;
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
    const key = `${entity}:${id}`;
    const known = this.#parsed.get(key);
    // The key tells the entity, which the type of the map does not.
    if (known?.json === json) return known.card as Cards[E];
    const card = parseCard(entity, json);
    if (card !== undefined) this.#parsed.set(key, { json, card });
    return card;
  }
}

function shownOf<E extends Entity>(card: Cards[E], { version, ageMs }: CardRead): Shown<E> {
  return { card, version, ageMs };
}

function isChief(caller: Caller): boolean {
  const roles = rolesOf(caller, undefined);
  return roles.includes("operator") || roles.includes("service:rooms");
}

function isOwner(caller: Caller, owner: string): boolean {
  return (caller.kind === "user" || caller.kind === "service") && caller.user.id === owner;
}
