import { LRUCache } from "lru-cache";
import { BarrageError } from "protocol/errors.ts";
import { Ulid } from "protocol/ids.ts";
import type { Bus, Subscription } from "actors/bus/bus.ts";
import type { Clock } from "actors/runtime/clock.ts";
import type { CredentialStore, SecretSeals } from "storage/ai_storage.ts";
import type { OpenCredential } from "./provider.ts";
import type { Vault } from "./vault.ts";

/** Opened credentials in memory. */
const OPENED_MAX = 1_000;
/** A change is told to all nodes; one that did not hear of it finds out after this. */
const TRUSTED_MS = 30_000;

export interface VaultParts {
  readonly credentials: Pick<CredentialStore, "read">;
  readonly seals: Pick<SecretSeals, "open">;
  readonly bus: Pick<Bus, "publish" | "subscribe">;
  readonly clock: Pick<Clock, "monotonic">;
}

interface Opened {
  readonly at: number;
  credential: OpenCredential | Promise<OpenCredential>;
}

/** Opens credentials for calls of this node, and keeps those that are used. */
export class CredentialVault implements Vault, Disposable {
  readonly #parts: VaultParts;
  readonly #opened = new LRUCache<string, Opened>({ max: OPENED_MAX });
  readonly #changes: Subscription;

  constructor(parts: VaultParts) {
    this.#parts = parts;
    this.#changes = parts.bus.subscribe(subjectOf("*"), ({ subject }) => {
      const id = Ulid.safeParse(subject.split(".")[4]);
      if (id.success) this.#opened.delete(id.data);
    });
  }

  /** Resolves when changes made from now on will be heard of. */
  get ready(): Promise<void> {
    return this.#changes.ready;
  }

  get size(): number {
    return this.#opened.size;
  }

  open(id: string): OpenCredential | Promise<OpenCredential> {
    const now = this.#parts.clock.monotonic();
    const known = this.#opened.get(id);
    return known !== undefined && now - known.at < TRUSTED_MS ? known.credential : this.#open(id, now);
  }

  /** Kept before it is there: a change that is told while it is read removes it as well. */
  async #open(id: string, now: number): Promise<OpenCredential> {
    const opened: Opened = { at: now, credential: this.#read(id) };
    this.#opened.set(id, opened);
    try {
      return opened.credential = await opened.credential;
    } catch (error) {
      if (this.#opened.peek(id) === opened) this.#opened.delete(id);
      throw error;
    }
  }

  /** After a change was stored: no node uses what was before. */
  changed(id: string): void {
    this.#opened.delete(id);
    this.#parts.bus.publish(subjectOf(id), new Uint8Array());
  }

  [Symbol.dispose](): void {
    this.#changes.unsubscribe();
    this.#opened.clear();
  }

  async #read(id: string): Promise<OpenCredential> {
    const record = await this.#parts.credentials.read(id);
    if (record === undefined) throw new BarrageError("not_found", `No AI key ${id}`);
    const { provider, baseUrl } = record;
    return {
      ...{ id, provider, secret: this.#parts.seals.open(record) },
      ...(baseUrl !== undefined && { baseUrl }),
    };
  }
}

function subjectOf(id: string): string {
  return `barrage.v1.evt.credential.${id}.changed`;
}
