import type { MessageStore } from "storage/conversation_storage.ts";
import type { Ledger } from "./ledger.ts";
import type { ConversationLimits } from "./limits.ts";

const DAY_MS = 86_400_000;

export interface SweepingPorts {
  readonly messages: Pick<MessageStore, "olderThan">;
  readonly limits: ConversationLimits;
}

/**
 * Lets go of what is older than the server, or the group, keeps. Only the beginning goes, so history has no hole, and
 * places and versions count on. Of what went there stays who sent it under which id: a retry is no new message.
 */
export class Sweeping {
  readonly #ledger: Ledger;
  readonly #ports: SweepingPorts;

  constructor(ledger: Ledger, ports: SweepingPorts) {
    this.#ledger = ledger;
    this.#ports = ports;
  }

  /** @returns How many messages went, at most `limit`. */
  async sweep(now: number, limit: number): Promise<number> {
    const keptMs = this.#keptMs();
    if (keptMs === undefined) return 0;
    const { id, firstSeq, version } = this.#ledger;
    const { seq, at } = await this.#ports.messages.olderThan(id, firstSeq, now - keptMs, limit);
    const swept = seq - firstSeq;
    // Also where nothing goes: it is now known from when the oldest is, and is not looked at again before its time.
    const record = { firstSeq: seq, oldestAt: at ?? now };
    if (swept === 0) await this.#ledger.commit({ version, swept: record });
    else await this.#ledger.commit({ version: version + 1, swept: { ...record, version: version + 1 } });
    return swept;
  }

  /** Undefined for ever. */
  #keptMs(): number | undefined {
    const { record } = this.#ledger.present;
    const own = record.kind === "group" ? (record.settings.retentionDays ?? 0) * DAY_MS : 0;
    const bounds = [own, this.#ports.limits.retentionMs].filter((ms) => ms > 0);
    return bounds.length === 0 ? undefined : Math.min(...bounds);
  }
}
