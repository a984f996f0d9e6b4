import type { Message } from "protocol/chat.ts";
import { BarrageError } from "protocol/errors.ts";
import type { ReportMessage } from "protocol/reports.ts";
import type { User } from "protocol/users.ts";
import type { Self } from "actors/runtime/behaviour.ts";
import type { AuditStore } from "storage/account_storage.ts";
import type { MemberRecord, MessageStore } from "storage/conversation_storage.ts";
import type { ReportStore } from "storage/report_storage.ts";
import type { Ledger } from "./ledger.ts";
import type { ConversationLimits } from "./limits.ts";

const DAY_MS = 86_400_000;
/** Whoever has reported too much looks again then. */
const AGAIN_MS = 3_600_000;

export interface ReportingPorts {
  readonly messages: Pick<MessageStore, "range">;
  readonly reports: Pick<ReportStore, "put" | "find" | "countSince">;
  readonly audit: Pick<AuditStore, "record">;
  readonly limits: ConversationLimits;
}

/** What members tell those who run the server of messages. Nobody else learns of it, the reported one least of all. */
export class Reporting {
  readonly #self: Self;
  readonly #ledger: Ledger;
  readonly #ports: ReportingPorts;

  constructor(self: Self, ledger: Ledger, ports: ReportingPorts) {
    this.#self = self;
    this.#ledger = ledger;
    this.#ports = ports;
  }

  /** @returns The id of the report; the same one for the same message, whatever is said of it then. */
  async report({ seq, reason, note }: ReportMessage, reporter: User, row: MemberRecord): Promise<string> {
    const { reports, audit } = this.#ports;
    const message = await this.#find(seq, row);
    const earlier = await reports.find(this.#ledger.id, seq, reporter.id);
    if (earlier !== undefined) return earlier;
    if (message.kind !== "sent" || message.sender.id === reporter.id) {
      throw new BarrageError("conflict", "Only what somebody else has sent, and not taken back, is reported");
    }
    await this.#checkRate(reporter.id);
    const id = this.#self.ids.next();
    const at = this.#ledger.now;
    const why = { reason, ...(note ? { note } : {}) };
    await this.#ledger.commit({
      version: this.#ledger.version,
      beside: [
        reports.put({ id, at, reporter, message, state: "open", ...why }),
        // What concerns an account its owner may read: so this is a line of the reporter's.
        audit.record({
          id: this.#self.ids.next(),
          at,
          event: "message.reported",
          subject: reporter.id,
          actor: reporter.id,
          detail: { report: id, reason },
        }),
      ],
    });
    return id;
  }

  /** @throws {BarrageError} `not_found` for what the reporter may not see, or nobody any more. */
  async #find(seq: number, { visibleFrom, leftSeq }: MemberRecord): Promise<Message> {
    const { id, head, firstSeq, present: { recent } } = this.#ledger;
    if (seq >= Math.max(visibleFrom, firstSeq) && seq <= (leftSeq ?? head)) {
      const known = recent.at(seq);
      if (known !== undefined) return known;
      const [record] = await this.#ports.messages.range(id, { from: seq, to: seq }, 1, "first");
      if (record !== undefined) return record.message;
    }
    throw new BarrageError("not_found", `No message ${seq}`);
  }

  async #checkRate(reporter: string): Promise<void> {
    const { reportsPerDay } = this.#ports.limits;
    const made = await this.#ports.reports.countSince(reporter, this.#ledger.now - DAY_MS);
    if (made < reportsPerDay) return;
    const why = `Nobody reports more than ${reportsPerDay} messages a day`;
    throw new BarrageError("rate_limited", why, { retryAfterMs: AGAIN_MS });
  }
}
