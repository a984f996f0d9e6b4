import { LRUCache } from "lru-cache";
import { z } from "zod";
import { BarrageError } from "protocol/errors.ts";
import type { Clock } from "actors/runtime/clock.ts";
import type { TokenKeyStore } from "storage/storage.ts";
import { importEd25519 } from "./signing_key.ts";

const READ_EVERY_MS = 1_000;
/** How old the list may be that programs outside get. */
const LIST_MAX_AGE_MS = 60_000;
/** Key ids that nobody has; made up by whoever sends many of them. */
const STRANGERS_MAX = 10_000;
const STRANGER_TTL_MS = 60_000;
/** Tokens with unknown key ids that may wait for the next reading. */
const WAITING_MAX = 1_000;

/** As a JSON Web Key (RFC 7517, RFC 8037). */
export const PublicJwk = z.object({
  kty: z.literal("OKP"),
  crv: z.literal("Ed25519"),
  x: z.string(),
  kid: z.string(),
  alg: z.literal("EdDSA").default("EdDSA"),
  use: z.literal("sig").default("sig"),
});
export type PublicJwk = z.output<typeof PublicJwk>;

interface PublicKey {
  readonly jwk: PublicJwk;
  readonly key: CryptoKey;
}

/**
 * The public keys of all nodes, a few each, kept in memory whole. They are read again for a key id that is not among
 * them: one reading at a time and at most one a second for all who ask, so a flood of made-up ids costs no more than
 * that. Whoever asks while a reading is under way waits for the next one, as this one may be too early for its key.
 */
export class PublicKeys {
  readonly #store: Pick<TokenKeyStore, "all">;
  readonly #clock: Clock;
  readonly #strangers: LRUCache<string, true>;
  #keys: ReadonlyMap<string, PublicKey> = new Map();
  #readAt = -Infinity;
  #last: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;
  #waiting = 0;

  constructor(store: Pick<TokenKeyStore, "all">, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
    this.#strangers = new LRUCache({
      max: STRANGERS_MAX,
      ttl: STRANGER_TTL_MS,
      perf: { now: () => clock.monotonic() },
    });
  }

  /**
   * Undefined when no node has published it.
   * @throws {BarrageError} `overloaded` when too many ask for unknown ones.
   */
  async find(kid: string): Promise<CryptoKey | undefined> {
    const known = this.#keys.get(kid);
    if (known !== undefined) return known.key;
    if (this.#strangers.has(kid)) return undefined;
    if (this.#waiting >= WAITING_MAX) {
      throw new BarrageError("overloaded", "Cannot look for the token's key: too many are looked for", {
        retryAfterMs: READ_EVERY_MS,
      });
    }
    this.#waiting++;
    try {
      await this.#reading();
    } finally {
      this.#waiting--;
    }
    const found = this.#keys.get(kid);
    if (found === undefined) this.#strangers.set(kid, true);
    return found?.key;
  }

  async list(): Promise<PublicJwk[]> {
    if (this.#clock.monotonic() - this.#readAt > LIST_MAX_AGE_MS) await this.#reading();
    return [...this.#keys.values()].map(({ jwk }) => jwk);
  }

  #reading(): Promise<void> {
    return this.#next ??= this.#read();
  }

  async #read(): Promise<void> {
    await this.#last;
    await this.#pause(this.#readAt + READ_EVERY_MS - this.#clock.monotonic());
    this.#next = undefined;
    this.#readAt = this.#clock.monotonic();
    const loading = this.#load();
    this.#last = loading.catch(() => {});
    await loading;
  }

  async #load(): Promise<void> {
    const rows = await this.#store.all(this.#clock.now());
    this.#keys = new Map(
      await Promise.all(rows.map(async ({ kid, publicKey }): Promise<[string, PublicKey]> => {
        const jwk = PublicJwk.parse({ ...publicKey, kid });
        return [kid, { jwk, key: await importEd25519(jwk) }];
      })),
    );
  }

  #pause(ms: number): Promise<void> {
    return ms > 0 ? new Promise((resolve) => this.#clock.after(ms, resolve)) : Promise.resolve();
  }
}
