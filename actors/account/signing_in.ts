import { BarrageError } from "protocol/errors.ts";
import { type Caller, SYSTEM } from "actors/runtime/caller.ts";
import type { Input, Output } from "actors/runtime/definition.ts";
import type { Drops } from "actors/runtime/drops.ts";
import type { AccountRecord, AccountStore, SessionRecord } from "storage/account_storage.ts";
import type { Alerts } from "./alerts.ts";
import type { AccountVerbs, Arrival } from "./definition.ts";
import type { Ledger } from "./ledger.ts";
import type { AccountLimits } from "./limits.ts";
import type { AccountRole } from "./permissions.ts";
import { judgeRefresh } from "./refresh.ts";

export interface SigningInPorts {
  readonly accounts: Pick<AccountStore, "update">;
  readonly alerts: Pick<Alerts, "tell">;
  readonly drops: Drops;
  readonly limits: AccountLimits;
}

type In<V extends "signIn" | "refresh" | "signOut" | "confirm"> = Input<AccountVerbs[V]>;
type Opened = Output<AccountVerbs["signIn"]>;

/** For so long one line of the audit log stands for all that are alike. */
const ALIKE_MS = 60_000;

/** How sessions begin, go on and end. Whoever asks for it is told no more than that it did not work. */
export class SigningIn {
  readonly #ledger: Ledger;
  readonly #ports: SigningInPorts;
  /** By session: when a token without its device was last written down, and how many came since. */
  readonly #strays = new Map<string, { readonly at: number; more: number }>();

  constructor(ledger: Ledger, ports: SigningInPorts) {
    this.#ledger = ledger;
    this.#ports = ports;
  }

  async begin(
    { session: id, refreshHash, arrival, proof, rehashed }: In<"signIn">,
    by: Caller,
  ): Promise<Opened> {
    const record = this.#active();
    const { now, sessions } = this.#ledger;
    const known = sessions.find(id, now);
    if (known !== undefined) {
      if (known.refreshHash !== refreshHash) throw new BarrageError("conflict", "The session exists already");
      return opened(record, known);
    }
    if (!proves(proof, record)) throw new BarrageError("unauthenticated");
    const session = sessions.begin(id, record.id, refreshHash, arrival, now);
    const detail = { session: id, by: proof.by };
    const writes = [this.#ledger.line("login.succeeded", by, { ...whereabouts(arrival), detail })];
    const password = proof.by === "password" ? rehashed : undefined;
    if (password !== undefined) writes.push(this.#ports.accounts.update(record.id, { password }));
    const displaced = await this.#ledger.commit({
      by,
      ...(password === undefined ? {} : { record: { ...record, password } }),
      session,
      end: { sessions: sessions.surplus(now), reason: "displaced" },
      writes,
    });
    if (displaced > 0) this.#ports.drops.count("account", "session_displaced", displaced);
    return opened(record, session);
  }

  async refresh(
    { session: id, presentedHash, nextHash, salt, arrival }: In<"refresh">,
    by: Caller,
  ): Promise<Opened & { salt: string }> {
    const record = this.#active();
    const { now, sessions } = this.#ledger;
    const session = sessions.find(id, now);
    if (session === undefined) throw ended();
    const verdict = judgeRefresh(session, presentedHash, arrival, this.#ports.limits, now);
    switch (verdict.kind) {
      case "rotate": {
        const next = sessions.rotate(session, { hash: nextHash, salt }, arrival, now);
        await this.#ledger.commit({ by, session: next });
        return { ...opened(record, next), salt };
      }
      case "repeat":
        return { ...opened(record, session), salt: verdict.salt };
      case "early": {
        const { retryAfterMs } = verdict;
        throw new BarrageError("rate_limited", "The session was refreshed just now", { retryAfterMs });
      }
      case "wrong_device":
        await this.#refuseStray(session, arrival);
        throw ended();
      case "region_changed":
      case "token_reused":
        await this.#refuse(session, verdict.kind, arrival);
        throw ended();
    }
  }

  async end(which: In<"signOut">, role: AccountRole, by: Caller): Promise<{ ended: number }> {
    const sessions = this.#chosen(which, role, by);
    if (sessions.length === 0) return { ended: 0 };
    return { ended: await this.#ledger.commit({ by, end: { sessions, reason: "signed_out" } }) };
  }

  async confirm({ session: id, proof }: In<"confirm">, by: Caller): Promise<Record<string, never>> {
    const { present, now } = this.#ledger;
    const session = this.#ledger.sessionOf(by);
    if (session?.id !== id) throw new BarrageError("forbidden", "A session is confirmed by itself only");
    if (!proves(proof, present)) throw new BarrageError("confirmation_required", "The proof does not fit");
    const detail = { session: id, by: proof.by };
    await this.#ledger.commit({
      by,
      session: { ...session, confirmedAt: now },
      writes: [this.#ledger.line("session.confirmed", by, { detail })],
    });
    return {};
  }

  /**
   * A token without its device ends nothing: its owner must not suffer from a copy that is useless alone. Who shows it
   * again and again makes one line a minute, with the number of those that have none.
   */
  async #refuseStray(session: SessionRecord, arrival: Arrival): Promise<void> {
    const { now, sessions } = this.#ledger;
    const before = this.#strays.get(session.id);
    if (before !== undefined && Math.abs(now - before.at) < ALIKE_MS) {
      before.more++;
      return;
    }
    for (const id of this.#strays.keys()) if (sessions.find(id, now) === undefined) this.#strays.delete(id);
    this.#strays.set(session.id, { at: now, more: 0 });
    const count = before?.more ?? 0;
    const detail = { session: session.id, reason: "wrong_device", ...(count === 0 ? {} : { count }) };
    const line = this.#ledger.line("session.refused", SYSTEM, { ...whereabouts(arrival), detail });
    await this.#ledger.commit({ by: SYSTEM, writes: [line] });
  }

  async #refuse(
    session: SessionRecord,
    reason: "region_changed" | "token_reused",
    arrival: Arrival,
  ): Promise<void> {
    const event = reason === "token_reused" ? "session.token_reused" : "session.refused";
    const more = { ...whereabouts(arrival), detail: { session: session.id, reason } };
    await this.#ledger.commit({
      by: SYSTEM,
      writes: [this.#ledger.line(event, SYSTEM, more)],
      end: { sessions: [session], reason },
    });
    if (reason === "token_reused") this.#ports.alerts.tell(this.#ledger.id, { reason, at: this.#ledger.now });
  }

  #chosen(which: In<"signOut">, role: AccountRole, by: Caller): SessionRecord[] {
    const { now, sessions } = this.#ledger;
    if (which.which === "presented") {
      const session = sessions.find(which.session, now);
      return session !== undefined && isHeldBy(session, which) ? [session] : [];
    }
    if (role === "anonymous") throw new BarrageError("unauthenticated");
    switch (which.which) {
      case "one":
        return sessions.all(now).filter(({ id }) => id === which.session);
      case "all":
        return sessions.all(now);
      case "others": {
        const own = this.#ledger.sessionOf(by)?.id;
        if (own === undefined) {
          throw new BarrageError("forbidden", "Only a session of the account has others");
        }
        return sessions.all(now).filter(({ id }) => id !== own);
      }
    }
  }

  #active(): AccountRecord {
    const { record } = this.#ledger;
    if (record?.state !== "active") throw new BarrageError("unauthenticated");
    return record;
  }
}

type Proof = In<"signIn">["proof"];

function proves(proof: Proof, { password, identities }: AccountRecord): boolean {
  switch (proof.by) {
    case "password":
      return proof.hash === password;
    case "identity":
      return identities.some(({ issuer, subject }) => issuer === proof.issuer && subject === proof.subject);
  }
}

function isHeldBy(
  { deviceHash, refreshHash, previous }: SessionRecord,
  presented: { readonly deviceHash: string; readonly refreshHash: string },
): boolean {
  if (presented.deviceHash !== deviceHash) return false;
  return presented.refreshHash === refreshHash || presented.refreshHash === previous?.hash;
}

function opened({ id, name, role }: AccountRecord, { id: session, endsAt }: SessionRecord): Opened {
  return { user: { id, name }, role, session, endsAt };
}

function whereabouts({ address, device }: Arrival): { address: string; device: string } {
  return { address, device };
}

function ended(): BarrageError {
  return new BarrageError("unauthenticated", "The session has ended");
}
