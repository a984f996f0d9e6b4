import { getLogger } from "@logtape/logtape";
import { join } from "node:path";
import { SCOPES } from "protocol/api_keys.ts";
import type { Ids } from "actors/runtime/ids.ts";
import type { ApiKeyStore, AuditStore } from "storage/account_storage.ts";
import { isSameHash, makeKeyText, type PresentedKey, readKeyText } from "./api_key_text.ts";

const log = getLogger(["barrage", "keys"]);

/** As long as a key may last. */
const LASTS_MS = 3_650 * 86_400_000;
/** A key that ends sooner than that is replaced at the start. */
const LEFT_MS = 90 * 86_400_000;

export interface OperatorKeyOptions {
  readonly dataDir: string;
  readonly nodeId: string;
  readonly keys: ApiKeyStore;
  readonly audit: Pick<AuditStore, "append">;
  readonly ids: Ids;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/**
 * The key with which whoever may read DATA_DIR runs this server: `operator_key`, with every scope, readable by the owner
 * of the folder only. Made at the first start, and anew when the one there is no good: revoke it and start again.
 * @throws {Error} when it cannot be read or written.
 */
export async function prepareOperatorKey(options: OperatorKeyOptions): Promise<void> {
  const path = join(options.dataDir, "operator_key");
  const kept = await readKey(path);
  if (kept !== undefined && await isGood(kept, options)) return;
  const { keys, audit, nodeId, ids, now } = options;
  const id = ids.next();
  const text = makeKeyText(id);
  const { hash } = readKeyText(text)!;
  await audit.append([{
    id: ids.next(),
    at: now,
    event: "key.created",
    subject: id,
    actor: `node:${nodeId}`,
  }]);
  await keys.create({
    ...{ id, hash, name: "operator", scopes: SCOPES, createdBy: `node:${nodeId}` },
    ...{ createdAt: now, expiresAt: now + LASTS_MS },
  });
  // A key in the database that was not written here is nobody's; the other way round no start would get further.
  await writeKey(path, text);
  log.info("The key for `deno task ops` is in {path}", { path });
}

async function isGood(kept: PresentedKey, { keys, now }: OperatorKeyOptions): Promise<boolean> {
  const record = await keys.read(kept.id);
  return record !== undefined && record.revokedAt === undefined && record.expiresAt > now + LEFT_MS &&
    SCOPES.every((scope) => record.scopes.includes(scope)) && isSameHash(record.hash, kept.hash);
}

async function readKey(path: string): Promise<PresentedKey | undefined> {
  try {
    return readKeyText((await Deno.readTextFile(path)).trim());
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw new Error(`Cannot read the operator key ${path}`, { cause: error });
  }
}

/** Written aside and renamed: a crash in the middle must not leave half a key. */
async function writeKey(path: string, text: string): Promise<void> {
  const draft = `${path}.new`;
  await Deno.writeTextFile(draft, `${text}\n`, { mode: 0o600 });
  await Deno.rename(draft, path);
}
