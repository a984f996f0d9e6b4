// The part of the browser's database and locks that the SDK uses: Deno's own types do not have them.

export interface Request<T> {
  readonly result: T;
  readonly error: Error | null;
  onsuccess: (() => void) | null;
  onerror: (() => void) | null;
}

export interface Cursor {
  readonly value: unknown;
  update(value: unknown): Request<unknown>;
  continue(): void;
}

export interface ObjectStore {
  put(value: unknown): Request<unknown>;
  delete(key: readonly unknown[]): Request<unknown>;
  openCursor(range: unknown): Request<Cursor | null>;
}

export interface Transaction {
  readonly error: Error | null;
  oncomplete: (() => void) | null;
  onabort: (() => void) | null;
  objectStore(name: string): ObjectStore;
}

export interface Database {
  createObjectStore(name: string, options: { keyPath: readonly string[] }): ObjectStore;
  transaction(name: string, mode: "readwrite", options: { durability: "strict" }): Transaction;
  close(): void;
  onclose: (() => void) | null;
  onversionchange: (() => void) | null;
}

interface Locks {
  request(name: string, holds: () => Promise<void>): Promise<void>;
  query(): Promise<{ readonly held?: readonly { readonly name?: string }[] }>;
}

interface Platform {
  readonly indexedDB?: {
    open(name: string, version: number): Request<Database> & { onupgradeneeded: (() => void) | null };
  };
  readonly IDBKeyRange: { bound(lower: unknown, upper: unknown): unknown };
  readonly navigator?: { readonly locks?: Locks };
}

export const platform = globalThis as unknown as Platform;
