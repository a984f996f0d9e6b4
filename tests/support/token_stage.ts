import { join } from "node:path";
import { PublicKeys } from "routes/public_keys.ts";
import { SigningKeys } from "routes/signing_key.ts";
import { GUEST_TOKEN_MS, Tokens } from "routes/tokens.ts";
import { openSqlite } from "storage/sqlite.ts";
import type { Storage } from "storage/storage.ts";
import { ProcessStorage } from "tests/support/process_storage.ts";
import { VirtualClock } from "tests/support/virtual_clock.ts";

export const DAY_MS = 86_400_000;
export const ACCESS_MS = 30 * 60_000;
export const ROTATION_MS = 30 * DAY_MS;

/** What issues and checks tokens on several nodes, over one database, on a clock that moves only when told to. */
export class TokenStage implements AsyncDisposable {
  readonly clock: VirtualClock;
  readonly folder: string;
  readonly database: Storage;
  readonly #opened: TokenNode[] = [];

  private constructor(clock: VirtualClock, folder: string, database: Storage) {
    this.clock = clock;
    this.folder = folder;
    this.database = database;
  }

  static async open(): Promise<TokenStage> {
    const clock = new VirtualClock();
    const folder = await Deno.makeTempDir({ prefix: "barrage-tokens-" });
    return new TokenStage(clock, folder, await openSqlite({ path: ":memory:", clock: () => clock.now() }));
  }

  /** Again with the same name: the node has started anew. */
  async start(name: string, cachedMax = 1_000): Promise<TokenNode> {
    const dataDir = join(this.folder, name);
    await Deno.mkdir(dataDir, { recursive: true });
    const storage = new ProcessStorage(this.database);
    const { clock } = this;
    const store = storage.tokenKeys;
    const signing = await SigningKeys.open({
      dataDir,
      store,
      clock,
      rotationMs: ROTATION_MS,
      tokenMaxMs: GUEST_TOKEN_MS,
    });
    const keys = new PublicKeys(store, clock);
    const now = () => clock.now();
    const tokens = new Tokens({ signing, keys, now, accessMs: ACCESS_MS, cachedMax });
    const node = { dataDir, storage, signing, keys, tokens };
    this.#opened.push(node);
    return node;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { signing } of this.#opened) signing[Symbol.dispose]();
    await this.database[Symbol.asyncDispose]();
    await Deno.remove(this.folder, { recursive: true });
  }
}

export interface TokenNode {
  readonly dataDir: string;
  readonly storage: ProcessStorage;
  readonly signing: SigningKeys;
  readonly keys: PublicKeys;
  readonly tokens: Tokens;
}
