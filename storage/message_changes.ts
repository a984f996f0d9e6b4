import type { Kysely } from "kysely";
import type { Message } from "protocol/chat.ts";
import type { BodyCipher } from "./body_cipher.ts";
import type { SeqRange } from "./conversation_storage.ts";
import { toMessage } from "./message_rows.ts";
import type { Database, MessageRow } from "./schema.ts";

const PROBES = 15;

interface Versions {
  /** Exclusive. */
  readonly after: number;
  readonly to: number;
}

/**
 * What changed between two versions. Messages that were edited or recalled stand in an index of their own; among the
 * others the version grows with `seq`, so those that are new are everything from one place on, which is searched for.
 */
export class MessageChanges {
  readonly #db: Kysely<Database>;
  readonly #cipher: BodyCipher;

  constructor(db: Kysely<Database>, cipher: BodyCipher) {
    this.#db = db;
    this.#cipher = cipher;
  }

  /** Needs the version of message `range.to` to be at most `versions.to`. */
  async read(conversation: string, range: SeqRange, versions: Versions, limit: number): Promise<Message[]> {
    if (versions.after >= versions.to) return [];
    const [rewritten, fresh] = await Promise.all([
      this.#rewritten(conversation, range, versions, limit),
      this.#fresh(conversation, range, versions, limit),
    ]);
    const rows = [...rewritten, ...fresh].sort((a, b) => versionOf(a) - versionOf(b)).slice(0, limit);
    return rows.map((row) => toMessage(row, this.#cipher));
  }

  async #rewritten(
    conversation: string,
    { from, to }: SeqRange,
    versions: Versions,
    limit: number,
  ): Promise<MessageRow[]> {
    return await this.#db.selectFrom("conversation_message").selectAll()
      .where("conversation_id", "=", conversation)
      .where("changed", ">", versions.after).where("changed", "<=", versions.to).where("kind", "!=", "swept")
      .where("seq", ">=", from).where("seq", "<=", to)
      .orderBy("changed").limit(limit).execute();
  }

  async #fresh(
    conversation: string,
    range: SeqRange,
    versions: Versions,
    limit: number,
  ): Promise<MessageRow[]> {
    const from = await this.#firstAfter(conversation, range, versions);
    return await this.#db.selectFrom("conversation_message").selectAll()
      .where("conversation_id", "=", conversation)
      .where("seq", ">=", from).where("seq", "<=", range.to).where("version", "<=", versions.to)
      .where("changed", "is", null).where("kind", "!=", "swept")
      .orderBy("seq").limit(limit).execute();
  }

  /**
   * The first message of the range that is newer than `after`. Each message raises the version by one and other changes
   * do as well, so version minus seq never falls; that of the last message bounds them all.
   */
  async #firstAfter(conversation: string, { from, to }: SeqRange, versions: Versions): Promise<number> {
    let known = Math.max(from - 1, versions.after - (versions.to - to));
    let newer = Math.min(to, versions.after) + 1;
    while (newer - known > 1) {
      const places = probes(known, newer);
      const rows = await this.#db.selectFrom("conversation_message").select(["seq", "version"])
        .where("conversation_id", "=", conversation).where("seq", "in", places).execute();
      const found = new Map(rows.map(({ seq, version }) => [seq, version]));
      for (const seq of places) {
        if ((found.get(seq) ?? 0) <= versions.after) known = Math.max(known, seq);
        else newer = Math.min(newer, seq);
      }
    }
    return Math.max(from, newer);
  }
}

/** Places that part what lies between into equal pieces; always as many, so that the statement stays prepared. */
function probes(low: number, high: number): number[] {
  const step = (high - low) / (PROBES + 1);
  return Array.from({ length: PROBES }, (_, n) => {
    const place = low + Math.round(step * (n + 1));
    return Math.min(high - 1, Math.max(low + 1, place));
  });
}

function versionOf({ changed, version }: MessageRow): number {
  return changed ?? version;
}
