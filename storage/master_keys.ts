import { Buffer } from "node:buffer";

const KEY_BYTES = 32;

/**
 * @param text `VERSION:BASE64` with commas or lines between.
 * @param what The keys, for the sentence: "message keys".
 * @throws {Error} when a key is not 32 bytes, a version stands there twice, or there is none.
 */
export function readMasterKeys(text: string, what: string): ReadonlyMap<number, Uint8Array> {
  const keys = new Map<number, Uint8Array>();
  for (const line of text.split(/[,\n]/).map((line) => line.trim()).filter((line) => line !== "")) {
    const [, version, base64 = ""] = /^(\d{1,9}):(\S+)$/.exec(line) ?? [];
    const key = Buffer.from(base64, "base64");
    if (version === undefined || key.length !== KEY_BYTES) {
      throw new Error(
        `Cannot use the ${what}: each must be VERSION:KEY, its key ${KEY_BYTES} bytes in base64`,
      );
    }
    if (keys.has(Number(version))) {
      throw new Error(`Cannot use the ${what}: version ${version} stands there twice`);
    }
    keys.set(Number(version), new Uint8Array(key));
  }
  return keys;
}

/** Undefined when there is no such file. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
