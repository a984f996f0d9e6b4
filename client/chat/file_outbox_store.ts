import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { KeptMessage, OutboxStore } from "./outbox_store.ts";

const KEPT = ".json";

/**
 * In a folder of its own, one file for each message; for Deno and Node. Programs that share a folder may send the same
 * message, which the server takes for the one it is.
 */
export class FileOutboxStore implements OutboxStore {
  readonly #folder: string;
  /** What was asked for last; the next thing waits for it. */
  #last: Promise<unknown> = Promise.resolve();

  /** @param folder Made when it is needed; readable by its owner only. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  load(user: string): Promise<readonly KeptMessage[]> {
    return this.#next(async () => {
      const folder = this.#of(user);
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const names = (await readdir(folder)).filter((name) => name.endsWith(KEPT));
      const texts = await Promise.all(names.map((name) => textOf(join(folder, name))));
      return texts.flatMap((text): KeptMessage[] => text === undefined ? [] : [JSON.parse(text)]);
    });
  }

  /** Written aside, and in its place at once: one that is cut off leaves what there was. */
  put(user: string, message: KeptMessage): Promise<void> {
    return this.#next(async () => {
      const path = this.#path(user, message.id);
      await mkdir(this.#of(user), { recursive: true, mode: 0o700 });
      const file = await open(`${path}.new`, "w", 0o600);
      try {
        await file.writeFile(JSON.stringify(message));
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(`${path}.new`, path);
    });
  }

  remove(user: string, id: string): Promise<void> {
    return this.#next(() => rm(this.#path(user, id), { force: true }));
  }

  #next<T>(run: () => Promise<T>): Promise<T> {
    const done = this.#last.then(run);
    this.#last = done.catch(() => {});
    return done;
  }

  #of(user: string): string {
    return join(this.#folder, named(user));
  }

  #path(user: string, id: string): string {
    return join(this.#of(user), named(id) + KEPT);
  }
}

/** Undefined when another program has just sent the message, and removed it. */
async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** Ids come from the server and from other programs: none leads out of the folder. */
function named(id: string): string {
  if (/^[0-9A-Za-z_-]{1,64}$/.test(id)) return id;
  throw new TypeError("Cannot keep a message: its id is not one for a file");
}
