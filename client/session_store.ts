/** What a session goes on with. Whoever has it is signed in: it belongs where others cannot read it. */
export interface StoredSession {
  readonly user: { readonly id: string; readonly name: string };
  readonly session: string;
  readonly accessToken: string;
  /** From here on another access token is fetched, in milliseconds since 1970. */
  readonly refreshAt: number;
  readonly refreshToken: string;
  readonly deviceToken: string;
}

/** Where an app keeps its session between two runs: a file, the system's keychain. Programs may share one. */
export interface SessionStore {
  load(): StoredSession | undefined | Promise<StoredSession | undefined>;
  /** Undefined when nobody is signed in any more. */
  save(session: StoredSession | undefined): void | Promise<void>;
}

export class MemorySessionStore implements SessionStore {
  #session: StoredSession | undefined;

  load(): StoredSession | undefined {
    return this.#session;
  }

  save(session: StoredSession | undefined): void {
    this.#session = session;
  }
}
