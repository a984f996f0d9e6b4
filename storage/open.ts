import { lockDataDirectory } from "./data_directory.ts";
import type { DatabaseOptions, DatabaseStorage } from "./database_storage.ts";
import { openPostgres } from "./postgres.ts";
import { openSqlite } from "./sqlite.ts";

export interface StorageOptions extends DatabaseOptions {
  readonly database:
    | { readonly kind: "sqlite"; readonly path: string }
    | { readonly kind: "postgres"; readonly url: string };
  /** Locked while an embedded database is open. */
  readonly dataDir: string;
}

/** @throws {Error} when another process uses the data directory. */
export async function openStorage(
  { database, dataDir, ...options }: StorageOptions,
): Promise<DatabaseStorage> {
  switch (database.kind) {
    case "sqlite":
      return await openSqlite({ path: database.path, lock: await lockDataDirectory(dataDir), ...options });
    case "postgres":
      return await openPostgres({ url: database.url, ...options });
  }
}
