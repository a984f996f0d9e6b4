import { BarrageError, ERRORS } from "protocol/errors.ts";
import type { ActorNode } from "actors/runtime/node.ts";
import { hash32 } from "actors/runtime/shard.ts";
import type { Entity } from "storage/card_storage.ts";
import type { Entry, FirstLevel, KeptEntry, VersionedCache } from "storage/cache/versioned_cache.ts";
import { lookupActor, lookupKey } from "./definition.ts";
import { cacheKey } from "./host.ts";
import type { IdFilter } from "./id_filter.ts";
import type { ReadLimits } from "./limits.ts";
import type { Mergers } from "./lookup.ts";

export interface ReadOptions {
  /** Whatever anybody had acknowledged when it was asked is seen. */
  readonly fresh?: boolean;
  /** The reader has seen this version already. */
  readonly atLeast?: number;
}

export interface CardRead {
  /** 0 when nothing has the id. */
  readonly version: number;
  /** JSON of the card. */
  readonly json: string | undefined;
  readonly ageMs: number;
}

export interface CardReaderOptions {
  readonly node: ActorNode;
  readonly first: FirstLevel;
  readonly shared: VersionedCache;
  /** This node's own, for when no other one answers. */
  readonly mergers: Mergers;
  readonly limits: ReadLimits;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly filters?: Readonly<Record<Entity, Pick<IdFilter, "refuses" | "lacked" | "missed">>>;
  readonly onRead?: (key: string) => void;
  readonly isHot?: (key: string) => boolean;
  /** Whether older cards may be shown rather than none. */
  readonly servesStale?: () => boolean;
}

/** Of the time by which a card is renewed early, as a multiple of its scale. */
const EARLY_MOST = 21;
/** The share of their time by which cards differ. */
const SPREAD = 0.1;
const NONE: CardRead = { version: 0, json: undefined, ageMs: 0 };

/**
 * Reads cards on behalf of one node: from its own memory, else from the cache that nodes share, else from the store by
 * the one lookup actor of the id. Every entry carries the age of what it says, from the moment at which the query began,
 * through all levels; nobody is shown one older than `staleMs`. Between `freshMs` and that it is shown while one reader
 * renews it. Who must see his own change reads fresh: by a query that begins after he asked.
 */
export class CardReader {
  readonly #options: CardReaderOptions;
  readonly #reading = new Map<string, Promise<CardRead>>();
  readonly #renewing = new Set<string>();
  readonly #counts = { unknown: 0, first: 0, shared: 0, looked: 0, alone: 0, renewed: 0, outdated: 0 };
  #flushes = 0;

  constructor(options: CardReaderOptions) {
    this.#options = options;
  }

  get stats() {
    return { ...this.#counts };
  }

  /** @throws {BarrageError} `unavailable`, `overloaded`, `expired`, `timeout`. */
  async read(
    entity: Entity,
    id: string,
    { fresh = false, atLeast = 0 }: ReadOptions = {},
  ): Promise<CardRead> {
    const { filters, onRead } = this.#options;
    const key = cacheKey(entity, id);
    const first = fresh ? undefined : this.#fromFirst(entity, id, key);
    if (first !== undefined) this.#counts.first++;
    if (first === undefined && filters !== undefined && this.#isNone(filters[entity], id, fresh)) {
      this.#counts.unknown++;
      return NONE;
    }
    // Not of what is refused: a flood of ids that nothing has must not hide which ones are hot.
    onRead?.(key);
    if (first !== undefined && first.version >= atLeast) return first;
    try {
      if (fresh) return await this.#look(entity, id, key, 0);
      const shown = await (this.#reading.get(key) ?? this.#load(entity, id, key));
      return shown.version >= atLeast ? shown : await this.#look(entity, id, key, 0);
    } catch (error) {
      const outdated = fresh ? undefined : this.#rather(key, error);
      if (outdated === undefined) throw error;
      return outdated;
    }
  }

  /**
   * As `read`, of what the node has in its own memory; counted only when it is there. Undefined says nothing: not even that
   * nothing has the id.
   */
  atHand(entity: Entity, id: string, atLeast: number): CardRead | undefined {
    const key = cacheKey(entity, id);
    const first = this.#fromFirst(entity, id, key);
    if (first?.json === undefined || first.version < atLeast) return undefined;
    this.#counts.first++;
    this.#options.onRead?.(key);
    return first;
  }

  /** Something has this version now. */
  changed(entity: Entity, id: string, version: number): void {
    this.#options.first.invalidate(cacheKey(entity, id), version);
  }

  /** Changes may have been missed. */
  flush(): void {
    this.#flushes++;
    this.#options.first.clear();
    this.#reading.clear();
  }

  #isNone(filter: Pick<IdFilter, "refuses" | "lacked">, id: string, fresh: boolean): boolean {
    const { node: { ports: { clock } }, limits } = this.#options;
    return filter.refuses(id) || (!fresh && filter.lacked(id, clock.monotonic() - limits.staleMs));
  }

  #fromFirst(entity: Entity, id: string, key: string): CardRead | undefined {
    const { first, limits, isHot } = this.#options;
    const entry = first.get(key, limits.staleMs);
    if (entry === undefined || !this.#usable(entry) || entry.keptMs >= limits.firstMs) return undefined;
    // So nobody ever waits for what many read.
    if (entry.keptMs * 2 >= limits.firstMs && isHot?.(key)) this.#renewFirst(entity, id, key);
    else if (this.#dueEarly(key, entry)) this.#renew(entity, id, key, entry);
    return shown(entry);
  }

  /** One for all who ask on this node meanwhile. */
  #load(entity: Entity, id: string, key: string): Promise<CardRead> {
    const loading = this.#loadOnce(entity, id, key);
    this.#reading.set(key, loading);
    const over = () => {
      if (this.#reading.get(key) === loading) this.#reading.delete(key);
    };
    loading.then(over, over);
    return loading;
  }

  async #loadOnce(entity: Entity, id: string, key: string): Promise<CardRead> {
    const { shared, limits } = this.#options;
    const flushes = this.#flushes;
    const entry = await shared.get(key, limits.staleMs);
    if (entry === undefined || !this.#usable(entry)) return await this.#look(entity, id, key, limits.shareMs);
    this.#counts.shared++;
    this.#keep(key, entry, flushes);
    if (this.#dueEarly(key, entry)) this.#renew(entity, id, key, entry);
    return shown(entry);
  }

  async #look(entity: Entity, id: string, key: string, maxAgeMs: number): Promise<CardRead> {
    const flushes = this.#flushes;
    const entry = await this.#ask(entity, id, key, maxAgeMs);
    this.#counts.looked++;
    if (entry.version === 0) this.#options.filters?.[entity].missed(id);
    this.#keep(key, entry, flushes);
    return shown(entry);
  }

  async #ask(entity: Entity, id: string, key: string, maxAgeMs: number): Promise<Entry> {
    const { node } = this.#options;
    const { clock, limits: { callTimeoutMs } } = node.ports;
    const asked = clock.monotonic();
    try {
      const { version, value, costMs, ...found } = await node.ref(lookupActor, lookupKey(entity, id))
        .get({ id, maxAgeMs }, { timeoutMs: callTimeoutMs / 2 });
      // Of the two ways only the sum is known: taken for the answer's, the card is older than it is, never younger.
      const underWayMs = Math.max(0, clock.monotonic() - asked - found.heldMs);
      return { version, value, costMs, ageMs: found.ageMs + underWayMs };
    } catch (error) {
      if (BarrageError.from(error).reason !== "timeout") throw error;
      // The bucket moved and left what it held, or its node is dead and nobody has taken it over yet.
      return await this.#askHere(entity, id, key, maxAgeMs, asked + callTimeoutMs);
    }
  }

  /** As right as any other read: only that several nodes may ask at a time. */
  async #askHere(
    entity: Entity,
    id: string,
    key: string,
    maxAgeMs: number,
    until: number,
  ): Promise<Entry> {
    const { node: { ports: { clock } }, mergers, shared, limits } = this.#options;
    this.#counts.alone++;
    const { value, readAt, costMs } = await mergers[entity].get(id, maxAgeMs, until);
    const entry = {
      ...{ version: value?.version ?? 0, value: value?.json, costMs },
      ageMs: clock.monotonic() - readAt,
    };
    void shared.put(key, entry, limits.outdatedMs);
    return entry;
  }

  #keep(key: string, entry: Entry, flushes: number): void {
    if (flushes === this.#flushes) this.#options.first.put(key, entry);
  }

  #usable({ value, ageMs }: Entry): boolean {
    const { absentMs, staleMs } = this.#options.limits;
    return ageMs < (value === undefined ? absentMs : staleMs);
  }

  /**
   * Probabilistic early expiration (Vattani, Chierichetti, Lowenstein 2015): the dearer a card is and the closer to its
   * time, the likelier somebody renews it before. The time of each is another one, so that what was read together is not
   * renewed together.
   */
  #dueEarly(key: string, { value, ageMs, costMs }: Entry): boolean {
    if (value === undefined) return false;
    const { freshMs, earlyFactor } = this.#options.limits;
    const scaleMs = earlyFactor * Math.max(1, costMs);
    // So far ahead is less likely than one in a thousand million; a random number costs more than the rest of a read.
    if (freshMs * (1 - SPREAD) - ageMs > EARLY_MOST * scaleMs) return false;
    const timeMs = freshMs * (1 - SPREAD * (hash32(key) % 1_024) / 1_024);
    return ageMs - Math.log(1 - this.#options.random()) * scaleMs >= timeMs;
  }

  #renew(entity: Entity, id: string, key: string, { ageMs }: Entry): void {
    // Whoever has renewed it since has what we want; half is surely younger than what there is.
    this.#inBackground(
      key,
      () => this.#look(entity, id, key, Math.min(this.#options.limits.shareMs, ageMs / 2)),
    );
  }

  #renewFirst(entity: Entity, id: string, key: string): void {
    this.#inBackground(key, () => this.#loadOnce(entity, id, key));
  }

  #inBackground(key: string, renew: () => Promise<unknown>): void {
    const { renewalsMax } = this.#options.limits;
    if (this.#renewing.has(key) || this.#renewing.size >= renewalsMax) return;
    this.#renewing.add(key);
    this.#counts.renewed++;
    // Whoever reads it after its time is told why there is none.
    renew().catch(() => {}).finally(() => this.#renewing.delete(key));
  }

  #rather(key: string, error: unknown): CardRead | undefined {
    const { first, limits, servesStale } = this.#options;
    const { reason } = BarrageError.from(error);
    if (!ERRORS[reason].retry || servesStale?.() !== true) return undefined;
    const entry: KeptEntry | undefined = first.get(key, limits.outdatedMs);
    if (entry === undefined) return undefined;
    this.#counts.outdated++;
    return shown(entry);
  }
}

function shown({ version, value, ageMs }: Entry): CardRead {
  return { version, json: value, ageMs };
}
