import { getLogger } from "@logtape/logtape";
import type { AuditEvent } from "protocol/audit.ts";
import type { Clock } from "actors/runtime/clock.ts";
import type { Drops } from "actors/runtime/drops.ts";
import type { Ids } from "actors/runtime/ids.ts";
import type { AuditRecord, AuditStore } from "storage/account_storage.ts";

const log = getLogger(["barrage", "audit"]);

/** What is refused is in the audit log after that. */
const BATCH_MS = 1_000;
const BATCH_MAX = 500;
/** For so long one line stands for all that are alike. */
const ALIKE_MS = 60_000;
/** Whom it concerns when it concerns more than have lines of their own. */
const MANY = "many";

/** From where somebody tried. */
export interface Whereabouts {
  readonly address: string;
  readonly device: string;
}

export type Refusal = Extract<AuditEvent, "login.failed" | "login.throttled" | "code.refused">;

export interface RefusedSignInsParts {
  readonly audit: Pick<AuditStore, "append">;
  readonly ids: Ids;
  readonly clock: Clock;
  readonly drops: Drops;
  /** Those who have lines of their own at a time. */
  readonly subjectsMax: number;
}

/** How often the same was refused since it was last written down. */
interface Tally {
  since: number;
  more: number;
  where: Whereabouts;
}

/**
 * Writes down what was refused, in batches: nobody who tries passwords makes the database work for each. The first refusal
 * of its kind for somebody has a line of its own; those that follow become one line a minute that counts them.
 */
export class RefusedSignIns implements AsyncDisposable {
  readonly #parts: RefusedSignInsParts;
  readonly #tallies = new Map<Refusal, Map<string, Tally>>();
  #lines: AuditRecord[] = [];
  #subjects = 0;
  #cancel: (() => void) | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(parts: RefusedSignInsParts) {
    this.#parts = parts;
  }

  note(event: Refusal, subject: string, where: Whereabouts): void {
    const alike = this.#alike(event);
    const meant = alike.has(subject) || this.#subjects < this.#parts.subjectsMax ? subject : MANY;
    const tally = alike.get(meant);
    if (tally === undefined) {
      if (meant !== MANY) this.#subjects++;
      alike.set(meant, { since: this.#parts.clock.monotonic(), more: 0, where });
      this.#add(event, meant, where);
    } else {
      tally.more++;
      tally.where = where;
    }
    this.#plan();
  }

  /** Writes down what was not yet. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#cancel?.();
    this.#count(Infinity);
    await this.#write();
  }

  #alike(event: Refusal): Map<string, Tally> {
    const known = this.#tallies.get(event);
    if (known !== undefined) return known;
    const fresh = new Map<string, Tally>();
    this.#tallies.set(event, fresh);
    return fresh;
  }

  #plan(): void {
    this.#cancel ??= this.#parts.clock.after(BATCH_MS, () => {
      this.#cancel = undefined;
      this.#count(this.#parts.clock.monotonic());
      void this.#write();
      const open = this.#tallies.values().some((alike) => alike.size > 0);
      if (open || this.#lines.length > 0) this.#plan();
    });
  }

  /** Makes lines of what was counted and is over by `now`. */
  #count(now: number): void {
    for (const [event, alike] of this.#tallies) {
      for (const [subject, tally] of alike) {
        if (now - tally.since < ALIKE_MS) continue;
        if (tally.more > 0) {
          this.#add(event, subject, tally.where, { count: tally.more });
          alike.set(subject, { ...tally, since: now, more: 0 });
        } else {
          alike.delete(subject);
          if (subject !== MANY) this.#subjects--;
        }
      }
    }
  }

  #add(event: Refusal, subject: string, where: Whereabouts, detail?: AuditRecord["detail"]): void {
    const { ids, clock, drops, subjectsMax } = this.#parts;
    // While the database is away; no more than this come up in a minute.
    if (this.#lines.length >= 2 * subjectsMax + BATCH_MAX) return drops.count("audit", "overflow");
    this.#lines.push({
      id: ids.next(),
      at: clock.now(),
      event,
      subject,
      actor: "anonymous",
      ...where,
      ...(detail === undefined ? {} : { detail }),
    });
  }

  #write(): Promise<void> {
    return this.#writing = this.#writing.then(() => this.#writeAll()).catch((error) => {
      log.warn("Cannot write down refused sign-ins, which is tried again: {error}", { error });
    });
  }

  async #writeAll(): Promise<void> {
    while (this.#lines.length > 0) {
      const batch = this.#lines.slice(0, BATCH_MAX);
      await this.#parts.audit.append(batch);
      this.#lines = this.#lines.slice(batch.length);
    }
  }
}
