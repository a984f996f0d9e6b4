import { getLogger } from "@logtape/logtape";
import { z } from "zod";
import type { Bus, BusMessage } from "actors/bus/bus.ts";
import { shardOf } from "actors/runtime/shard.ts";
import type { ActorNode } from "actors/runtime/node.ts";
import { Ulid } from "protocol/ids.ts";
import { type CardChange, type ChangeStore, ENTITIES } from "storage/card_storage.ts";
import type { VersionedCache } from "storage/cache/versioned_cache.ts";
import type { CardReader } from "./card_reader.ts";
import { cacheKey } from "./host.ts";
import type { Mergers } from "./lookup.ts";

const log = getLogger(["barrage", "lookup"]);

/** Told by nobody after this: the node that made the change has died, or could not tell it. */
const LATE_MS = 1_000;
const ROUND_MS = 1_000;
const PAGE = 500;
/** Changes settled at a time. */
const UNSETTLED_MAX = 10_000;
/** Its owner tells what others did not. */
const RELAY_SHARD = shardOf("lookup", "changes");

const Changed = z.object({ version: z.int().positive() });
const encoder = new TextEncoder();
const decoder = new TextDecoder();

export interface ChangeFeedOptions {
  readonly node: ActorNode;
  readonly bus: Bus;
  readonly changes: ChangeStore;
  readonly shared: VersionedCache;
  readonly reader: Pick<CardReader, "changed" | "flush">;
  readonly mergers: Mergers;
  /** No cache shows anything older than this. */
  readonly staleMs: number;
  readonly onChange?: (change: CardChange) => void;
}

/**
 * Tells all caches what changed. The change lies in the store, in the transaction that made it. Once that is committed the
 * node that made it drops its own entry, before anybody is answered, tells the shared cache and the other nodes, and then
 * settles the row. What it could not tell, the owner of one shard tells after a second: at least once, and a change that
 * is told twice, late, or after a newer one does nothing, for it carries its version.
 */
export class ChangeFeed implements AsyncDisposable {
  readonly #options: ChangeFeedOptions;
  readonly #stops: (() => void)[] = [];
  readonly #ready: Promise<void>;
  readonly #counts = { told: 0, relayed: 0, heard: 0, unsettled: 0 };
  #told: CardChange[] = [];
  #settling: Promise<void> | undefined;
  #round: Promise<void> = Promise.resolve();
  #cancelRound: () => void;
  #stopped = false;

  constructor(options: ChangeFeedOptions) {
    this.#options = options;
    const { bus, changes, reader } = options;
    this.#stops.push(changes.watch((change) => this.#made(change)));
    const heard = ENTITIES.map((entity) =>
      bus.subscribe(`barrage.v1.evt.${entity}.*.changed`, (message) => this.#heard(message))
    );
    for (const subscription of heard) this.#stops.push(() => subscription.unsubscribe());
    this.#ready = Promise.all(heard.map(({ ready }) => ready)).then(() => {});
    this.#stops.push(bus.watch((state) => {
      if (state === "connected") reader.flush();
    }));
    this.#cancelRound = this.#plan();
  }

  /** Resolves when it hears of every change that is told from now on. */
  get ready(): Promise<void> {
    return this.#ready;
  }

  get stats() {
    return { ...this.#counts };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    for (const stop of this.#stops) stop();
    this.#cancelRound();
    await this.#round;
    await this.#settling;
  }

  #made(change: CardChange): void {
    this.#counts.told++;
    this.#apply(change);
    this.#tell(change).then((told) => {
      if (!told) return;
      if (this.#told.length < UNSETTLED_MAX) this.#told.push(change);
      this.#settling ??= this.#settle();
    });
  }

  #apply(change: CardChange): void {
    const { reader, mergers, onChange } = this.#options;
    const { entity, id, version } = change;
    mergers[entity].forget(id);
    reader.changed(entity, id, version);
    onChange?.(change);
  }

  /** False when the shared cache could not be told. Never rejects. */
  async #tell({ entity, id, version }: CardChange): Promise<boolean> {
    const { bus, shared } = this.#options;
    const told = await shared.invalidate(cacheKey(entity, id), version);
    // After the shared cache: who drops his entry now finds none older there.
    const body = encoder.encode(JSON.stringify({ version }));
    try {
      bus.publish(`barrage.v1.evt.${entity}.${id}.changed`, body);
    } catch (error) {
      log.warn("Cannot tell that {entity} {id} changed: {error}", { entity, id, error });
      return false;
    }
    return told;
  }

  async #settle(): Promise<void> {
    while (this.#told.length > 0) {
      const changes = this.#told.splice(0, PAGE);
      try {
        await this.#options.changes.settle(changes);
      } catch (error) {
        // They are told once more by whoever relays them.
        this.#counts.unsettled += changes.length;
        log.warn("Cannot settle changes that were told: {error}", { error });
      }
    }
    this.#settling = undefined;
  }

  #heard({ subject, data }: BusMessage): void {
    const [, , , kind, name] = subject.split(".");
    const entity = ENTITIES.find((entity) => entity === kind);
    const id = Ulid.safeParse(name);
    const body = Changed.safeParse(parse(data));
    if (entity === undefined || !id.success || !body.success) return;
    this.#counts.heard++;
    this.#apply({ entity, id: id.data, version: body.data.version });
  }

  #plan(): () => void {
    return this.#options.node.ports.clock.after(ROUND_MS, () => {
      this.#round = this.#relay().then(() => {
        if (!this.#stopped) this.#cancelRound = this.#plan();
      });
    });
  }

  async #relay(): Promise<void> {
    const { node, changes, staleMs } = this.#options;
    if (node.ownership.epochOf(RELAY_SHARD) === undefined) return;
    try {
      const late = await changes.untold(LATE_MS, PAGE);
      const told = await Promise.all(late.map((change) => this.#tell(change)));
      this.#counts.relayed += late.length;
      // By then nothing that was read before it is shown anywhere, told or not.
      const past = told.includes(false) ? await changes.untold(2 * staleMs, PAGE) : [];
      await changes.settle([...late.filter((_, n) => told[n]), ...past]);
    } catch (error) {
      log.warn("Cannot tell of changes that nobody told: {error}", { error });
    }
  }
}

function parse(data: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(data));
  } catch {
    return undefined;
  }
}
