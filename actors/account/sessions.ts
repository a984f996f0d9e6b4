import type { SessionRecord } from "storage/account_storage.ts";
import type { Arrival } from "./definition.ts";
import type { AccountLimits } from "./limits.ts";

/** Where an account is signed in. What has run out is forgotten when somebody looks. Times are milliseconds since 1970. */
export class Sessions {
  readonly #limits: AccountLimits;
  readonly #records: Map<string, SessionRecord>;

  constructor(limits: AccountLimits, records: readonly SessionRecord[]) {
    this.#limits = limits;
    this.#records = new Map(records.map((record) => [record.id, record]));
  }

  find(id: string, now: number): SessionRecord | undefined {
    this.#forgetEnded(now);
    return this.#records.get(id);
  }

  /** The oldest first. */
  all(now: number): SessionRecord[] {
    this.#forgetEnded(now);
    return [...this.#records.values()];
  }

  /** Those that must end before one more begins. */
  surplus(now: number): SessionRecord[] {
    const all = this.all(now);
    return all.slice(0, Math.max(0, all.length + 1 - this.#limits.sessionsMax));
  }

  begin(
    id: string,
    accountId: string,
    refreshHash: string,
    arrival: Arrival,
    now: number,
  ): SessionRecord {
    const { deviceHash, device, address, region } = arrival;
    return {
      id,
      accountId,
      deviceHash,
      device,
      address,
      ...(region === undefined ? {} : { region }),
      createdAt: now,
      usedAt: now,
      endsAt: now + this.#limits.sessionMaxMs,
      confirmedAt: now,
      refreshHash,
      refreshedAt: now,
    };
  }

  /** The token that was shown has a successor; where it came from is where the session is now. */
  rotate(
    session: SessionRecord,
    successor: { readonly hash: string; readonly salt: string },
    { device, address, region }: Arrival,
    now: number,
  ): SessionRecord {
    return {
      ...session,
      device,
      address,
      ...(region === undefined ? {} : { region }),
      usedAt: now,
      refreshHash: successor.hash,
      refreshedAt: now,
      previous: { hash: session.refreshHash, salt: successor.salt },
    };
  }

  /** Also in the place of the one with its id. */
  keep(record: SessionRecord): void {
    this.#records.set(record.id, record);
  }

  drop(ids: readonly string[]): void {
    for (const id of ids) this.#records.delete(id);
  }

  /** The shortest of the three bounds wins. */
  #endOf({ usedAt, refreshedAt, endsAt }: SessionRecord): number {
    return Math.min(usedAt + this.#limits.idleMs, refreshedAt + this.#limits.refreshTokenMs, endsAt);
  }

  #forgetEnded(now: number): void {
    for (const record of this.#records.values()) {
      if (this.#endOf(record) <= now) this.#records.delete(record.id);
    }
  }
}
