export interface LastSeen {
  readonly user: string;
  readonly at: number;
}

export interface LastSeenStore {
  /** Never sets anybody back. At most 1,000. */
  put(seen: readonly LastSeen[]): Promise<void>;
  read(users: readonly string[]): Promise<LastSeen[]>;
}
