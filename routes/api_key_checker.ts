import { LRUCache } from "lru-cache";
import { BarrageError } from "protocol/errors.ts";
import type { Clock } from "actors/runtime/clock.ts";
import { TokenBucket } from "actors/token_bucket.ts";
import type { ApiKeyRecord, ApiKeyStore } from "storage/account_storage.ts";
import { isSameHash, readKeyText } from "./api_key_text.ts";
import type { Verified, Verifier } from "./verifier.ts";

const KNOWN_MAX = 10_000;
const KNOWN_MS = 600_000;
/** Ids that no key has; made up by whoever shows many of them. */
const STRANGERS_MAX = 10_000;
const STRANGER_MS = 60_000;
/** However many ids are made up, the database is asked about no more of them. */
const READS_BURST = 200;
const READS_PER_SECOND = 50;

/**
 * Checks API keys against their hashes, and keeps what it has read for ten minutes: a key never changes, except that it
 * is revoked, which its caller looks up apart from this.
 */
export class ApiKeyChecker implements Verifier {
  readonly #store: Pick<ApiKeyStore, "read">;
  readonly #clock: Clock;
  readonly #known: LRUCache<string, ApiKeyRecord>;
  readonly #strangers: LRUCache<string, true>;
  readonly #reading = new Map<string, Promise<ApiKeyRecord | undefined>>();
  readonly #reads: TokenBucket;

  constructor(store: Pick<ApiKeyStore, "read">, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
    const time = { perf: { now: () => clock.monotonic() }, ttlResolution: 0 };
    this.#known = new LRUCache({ max: KNOWN_MAX, ttl: KNOWN_MS, ...time });
    this.#strangers = new LRUCache({ max: STRANGERS_MAX, ttl: STRANGER_MS, ...time });
    this.#reads = new TokenBucket(READS_BURST, READS_PER_SECOND, clock.monotonic());
  }

  /**
   * Whether it was revoked since it was read is not looked at.
   * @throws {BarrageError} `unauthenticated`; `overloaded` while too many unknown keys are shown.
   */
  async verify(text: string): Promise<Verified> {
    const presented = readKeyText(text);
    if (presented === undefined) throw refused();
    const record = await this.#find(presented.id);
    if (record === undefined || !isSameHash(record.hash, presented.hash)) throw refused();
    const { id, name, scopes, expiresAt, revokedAt } = record;
    if (revokedAt !== undefined || expiresAt <= this.#clock.now()) throw refused();
    return { caller: { kind: "service", user: { id, name }, scopes: [...scopes] }, expiresAt };
  }

  /** For the node on which it is revoked: the next check reads it again. */
  forget(id: string): void {
    this.#known.delete(id);
  }

  async #find(id: string): Promise<ApiKeyRecord | undefined> {
    const known = this.#known.get(id);
    if (known !== undefined || this.#strangers.has(id)) return known;
    let reading = this.#reading.get(id);
    if (reading === undefined) {
      reading = this.#read(id).finally(() => this.#reading.delete(id));
      this.#reading.set(id, reading);
    }
    return await reading;
  }

  async #read(id: string): Promise<ApiKeyRecord | undefined> {
    const retryAfterMs = this.#reads.take(this.#clock.monotonic());
    if (retryAfterMs > 0) {
      throw new BarrageError("overloaded", "Cannot look the key up: too many unknown keys are shown", {
        retryAfterMs,
      });
    }
    const record = await this.#store.read(id);
    if (record === undefined) this.#strangers.set(id, true);
    else this.#known.set(id, record);
    return record;
  }
}

function refused(): BarrageError {
  return new BarrageError("unauthenticated", "The key is not valid");
}
