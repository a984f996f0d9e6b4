import { type Database, type ObjectStore, platform, type Request } from "./indexeddb.ts";
import type { KeptMessage, OutboxStore } from "./outbox_store.ts";

interface Row {
  readonly user: string;
  readonly id: string;
  /** The tab that looks after it, for as long as it holds the lock of this name. */
  readonly owner: string;
  readonly message: KeptMessage;
}

const STORE = "messages";
const OWNER = "barrage-outbox-";

/**
 * In the browser's database, for all tabs of the origin: what a tab leaves behind is taken over by the next one that
 * connects. A tab shows that it is there by a Web Lock, which the browser takes from it at its end, however it ends;
 * where there are no locks, two tabs may send the same message, which the server takes for the one it is.
 */
export class IndexedDbOutboxStore implements OutboxStore, AsyncDisposable {
  readonly #name: string;
  readonly #owner = OWNER + crypto.randomUUID();
  #opened: Promise<Database> | undefined;
  #release: (() => void) | undefined;

  /** @param name Of the database. */
  constructor(name = "barrage-outbox") {
    this.#name = name;
  }

  async load(user: string): Promise<readonly KeptMessage[]> {
    const database = await this.#database();
    const others = await this.#others();
    return await within(database, (rows, done) => {
      const mine: KeptMessage[] = [];
      const cursor = rows.openCursor(platform.IDBKeyRange.bound([user], [user, []]));
      cursor.onsuccess = () => {
        const at = cursor.result;
        if (at === null) return done(mine);
        const row = at.value as Row;
        if (!others.has(row.owner)) {
          mine.push(row.message);
          if (row.owner !== this.#owner) at.update({ ...row, owner: this.#owner });
        }
        at.continue();
      };
    });
  }

  async put(user: string, message: KeptMessage): Promise<void> {
    const row: Row = { user, id: message.id, owner: this.#owner, message };
    await within<void>(await this.#database(), (rows, done) => done(void rows.put(row)));
  }

  async remove(user: string, id: string): Promise<void> {
    await within<void>(await this.#database(), (rows, done) => done(void rows.delete([user, id])));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const opened = this.#opened;
    this.#opened = undefined;
    this.#release?.();
    (await opened)?.close();
  }

  /** Opened when it is used first; one that could not be opened is tried again. */
  #database(): Promise<Database> {
    const opened = this.#opened ??= this.#open();
    opened.catch(() => {
      if (this.#opened === opened) this.#opened = undefined;
    });
    return opened;
  }

  async #open(): Promise<Database> {
    await this.#lock();
    const { indexedDB } = platform;
    if (indexedDB === undefined) throw new TypeError("Cannot keep messages: there is no IndexedDB here");
    const request = indexedDB.open(this.#name, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: ["user", "id"] });
    const database = await answer(request);
    database.onversionchange = () => database.close();
    database.onclose = () => this.#opened = undefined;
    return database;
  }

  #lock(): Promise<void> {
    const locks = platform.navigator?.locks;
    if (this.#release !== undefined || locks === undefined) return Promise.resolve();
    return new Promise((held, failed) => {
      locks.request(this.#owner, () => {
        held();
        return new Promise<void>((release) => this.#release = release);
      }).catch(failed);
    });
  }

  async #others(): Promise<ReadonlySet<string>> {
    const { held = [] } = await platform.navigator?.locks?.query() ?? {};
    const names = held.flatMap(({ name }) => name?.startsWith(OWNER) ? [name] : []);
    return new Set(names.filter((name) => name !== this.#owner));
  }
}

/** Resolves with what was given to `done` when the transaction is durable. */
function within<T>(
  database: Database,
  run: (rows: ObjectStore, done: (result: T) => void) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(STORE, "readwrite", { durability: "strict" });
    let result: T;
    transaction.oncomplete = () => resolve(result);
    transaction.onabort = () => reject(transaction.error);
    run(transaction.objectStore(STORE), (value) => result = value);
  });
}

function answer<T>(request: Request<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
