import { getLogger } from "@logtape/logtape";
import { exportJWK, generateKeyPair, importJWK, type JWK } from "jose";
import { join } from "node:path";
import { z } from "zod";
import type { Clock } from "actors/runtime/clock.ts";
import type { TokenKeyStore } from "storage/storage.ts";

const log = getLogger(["barrage", "tokens"]);

export const ALGORITHM = "EdDSA";
const CHECK_MS = 3_600_000;

/** As it lies in DATA_DIR. A key without a time was made by an earlier version. */
const StoredKey = z.object({
  kty: z.literal("OKP"),
  crv: z.literal("Ed25519"),
  x: z.string(),
  d: z.string(),
  kid: z.string().min(1).max(64),
  createdAt: z.int().default(0),
});
type StoredKey = z.infer<typeof StoredKey>;

/** Times are milliseconds since 1970. */
export interface SigningKey {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
  readonly createdAt: number;
  /** Until then the public half is published, so no token may last longer. */
  readonly expiresAt: number;
}

export interface SigningKeysOptions {
  readonly dataDir: string;
  readonly store: Pick<TokenKeyStore, "publish">;
  readonly clock: Clock;
  /** Milliseconds after which a key is replaced. */
  readonly rotationMs: number;
  /** Milliseconds that a token lasts at most. */
  readonly tokenMaxMs: number;
}

/**
 * The Ed25519 key this node signs tokens with, readable by the owner of DATA_DIR only and replaced now and then. Public
 * halves stay published until the last token signed with them has ended.
 */
export class SigningKeys implements Disposable {
  readonly #options: SigningKeysOptions;
  #present: SigningKey;
  #cancel: (() => void) | undefined;

  private constructor(options: SigningKeysOptions, present: SigningKey) {
    this.#options = options;
    this.#present = present;
    this.#plan();
  }

  /** @throws {Error} when the key cannot be read, written or published. */
  static async open(options: SigningKeysOptions): Promise<SigningKeys> {
    const kept = await readKey(pathIn(options.dataDir));
    const good = kept !== undefined && !isOld(kept, options);
    return new SigningKeys(options, good ? await publish(kept, options) : await replace(options));
  }

  get present(): SigningKey {
    return this.#present;
  }

  [Symbol.dispose](): void {
    this.#cancel?.();
  }

  #plan(): void {
    this.#cancel = this.#options.clock.after(CHECK_MS, () => {
      this.#check().catch((error) => {
        log.error("Cannot replace the signing key, which is tried again in an hour: {error}", { error });
      });
      this.#plan();
    });
  }

  async #check(): Promise<void> {
    if (!isOld(this.#present, this.#options)) return;
    this.#present = await replace(this.#options);
    log.info("Tokens are signed with the new key {kid}", { kid: this.#present.kid });
  }
}

function isOld({ createdAt }: { createdAt: number }, { clock, rotationMs }: SigningKeysOptions): boolean {
  return clock.now() >= createdAt + rotationMs;
}

/** Published before it is kept, and kept before it is used: no crash leaves tokens behind that nobody can check. */
async function replace(options: SigningKeysOptions): Promise<SigningKey> {
  const { privateKey } = await generateKeyPair(ALGORITHM, { crv: "Ed25519", extractable: true });
  const jwk = await exportJWK(privateKey);
  const key = StoredKey.parse({ ...jwk, kid: crypto.randomUUID(), createdAt: options.clock.now() });
  const present = await publish(key, options);
  await writeKey(pathIn(options.dataDir), key);
  return present;
}

async function publish(
  key: StoredKey,
  { store, rotationMs, tokenMaxMs }: SigningKeysOptions,
): Promise<SigningKey> {
  const { kty, crv, x, kid, createdAt } = key;
  const publicPart = { kty, crv, x, kid };
  // A node that cannot replace its key in time goes on with it for an hour or more.
  const expiresAt = createdAt + rotationMs + tokenMaxMs + 24 * CHECK_MS;
  await store.publish(kid, publicPart, expiresAt);
  const [privateKey, publicKey] = await Promise.all([importEd25519(key), importEd25519(publicPart)]);
  return { kid, privateKey, publicKey, createdAt, expiresAt };
}

/** @throws {TypeError} when it is no Ed25519 key. */
export async function importEd25519(jwk: JWK): Promise<CryptoKey> {
  const key = await importJWK(jwk, ALGORITHM);
  if (key instanceof CryptoKey && key.algorithm.name === "Ed25519") return key;
  throw new TypeError("Cannot use the key: it is not an Ed25519 key");
}

function pathIn(dataDir: string): string {
  return join(dataDir, "token_key.json");
}

async function readKey(path: string): Promise<StoredKey | undefined> {
  try {
    return StoredKey.parse(JSON.parse(await Deno.readTextFile(path)));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    // Without the cause: it may quote the key.
    throw new Error(`Cannot read the signing key ${path}: it is not an Ed25519 key as this server writes it`);
  }
}

/** Written aside and renamed: a crash in the middle must not leave half a key. */
async function writeKey(path: string, key: StoredKey): Promise<void> {
  const draft = `${path}.new`;
  await Deno.writeTextFile(draft, JSON.stringify(key), { mode: 0o600 });
  await Deno.rename(draft, path);
}
