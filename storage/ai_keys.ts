import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import type { CredentialStore, SecretSeals } from "./ai_storage.ts";
import { readIfThere, readMasterKeys } from "./master_keys.ts";
import { AesGcmSecrets, NO_SECRETS } from "./secret_seals.ts";

const FILE = "ai_keys";
const KEY_BYTES = 32;

export interface AiKeysOptions {
  /** `VERSION:BASE64` with commas or lines between; when missing, the file `ai_keys` of the directory is read. */
  readonly given: string | undefined;
  readonly directory: string;
  /** Whether the file is made when it is missing: where nobody else shares the database. */
  readonly make: boolean;
  readonly credentials: Pick<CredentialStore, "list">;
}

/**
 * Reads the master keys, and tries them on everything that is sealed.
 * @throws {Error} when they cannot be used, or do not open every credential that is stored.
 */
export async function loadSecretSeals(
  { given, directory, make, credentials }: AiKeysOptions,
): Promise<SecretSeals> {
  const stored = await credentials.list();
  const path = `${directory}/${FILE}`;
  let text = given ?? await readIfThere(path);
  if (text === undefined && make && stored.length === 0) text = await makeKeys(path);
  const seals = text === undefined ? NO_SECRETS : new AesGcmSecrets(readMasterKeys(text, "AI keys"));
  for (const credential of stored) {
    try {
      seals.open(credential);
    } catch {
      throw new Error(
        `Set AI_KEYS to the keys that sealed what is stored, or put them into ${path}: ` +
          `AI key ${credential.id} cannot be opened, it needs version ${credential.keyVersion}`,
      );
    }
  }
  return seals;
}

async function makeKeys(path: string): Promise<string> {
  const text = `1:${Buffer.from(randomBytes(KEY_BYTES)).toString("base64")}\n`;
  await Deno.writeTextFile(path, text, { mode: 0o600, createNew: true });
  return text;
}
