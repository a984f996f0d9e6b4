import { getLogger } from "@logtape/logtape";
import type { z } from "zod";
import { BarrageError } from "protocol/errors.ts";
import type { User } from "protocol/users.ts";
import type { Self, Turn } from "actors/runtime/behaviour.ts";
import { type Caller, SYSTEM } from "actors/runtime/caller.ts";
import type { Input, Output } from "actors/runtime/definition.ts";
import type { Ref } from "actors/runtime/ref.ts";
import type { AnswerRecord } from "storage/ai_storage.ts";
import type { Survives } from "storage/storage.ts";
import { budgetActor, type BudgetVerbs } from "../budget/definition.ts";
import { poolActor, poolKey, type Queued, type Ticket } from "../pool/definition.ts";
import { answerActor, type AnswerVerbs } from "./definition.ts";
import { digestOf } from "./digest.ts";
import type { Journal } from "./journal.ts";
import type { AnswerLimits } from "./limits.ts";
import type { AnswerMeters } from "./meters.ts";
import { promptTokens } from "./tokens.ts";

const log = getLogger(["barrage", "ai"]);

type Ask = Input<AnswerVerbs["ask"]>;
type Asked = Output<AnswerVerbs["ask"]>;
type Place = Extract<z.output<typeof Queued>, { outcome: "queued" }>;

/** Stands for the server where nobody asked. */
const NOBODY = "0".repeat(26);

export interface AskingPorts {
  readonly limits: AnswerLimits;
  readonly meters: AnswerMeters;
}

/** Brings a request to its pool and makes it durable; the pool may know that the same is being answered already. */
export class Asking {
  readonly #self: Self;
  readonly #journal: Journal;
  readonly #limits: AnswerLimits;
  readonly #meters: AnswerMeters;

  constructor(self: Self, journal: Journal, { limits, meters }: AskingPorts) {
    this.#self = self;
    this.#journal = journal;
    this.#limits = limits;
    this.#meters = meters;
  }

  async ask({ model, request, band, detached, early, thread }: Ask, turn: Turn): Promise<Asked> {
    const { caller } = turn;
    const askedAt = this.#self.clock.now();
    const digest = detached ? undefined : digestOf(model, request, caller);
    const record: AnswerRecord = {
      ...{ id: this.#self.key, askers: askersOf(caller), model, request, band, detached },
      ...(thread === undefined ? {} : { thread }),
      ...(digest === undefined ? {} : { digest }),
      ...{
        pool: poolKey(request.feature, model),
        state: "waiting",
        attempt: 1,
        exclude: [],
        text: "",
        files: [],
      },
      ...{ askedAt, until: askedAt + this.#limits.totalMaxMs },
    };
    const survives = early === true ? "process" : "machine";
    const queued = await this.#enqueue(record, turn);
    if (queued.outcome === "queued") return await this.#begin(record, queued, survives);
    const joined = await this.#join(queued.into, record, turn);
    if (joined !== undefined) return joined;
    const { digest: _digest, ...alone } = record;
    const place = await this.#enqueue(alone, turn);
    if (place.outcome === "queued") return await this.#begin(alone, place, survives);
    throw new BarrageError("internal", "A request without a digest was merged");
  }

  async #begin(record: AnswerRecord, { position, etaMs }: Place, survives: Survives): Promise<Asked> {
    await this.#journal.found(record, survives);
    const place = position > 0 ? { position, etaMs } : {};
    return { answer: record.id, merged: false, view: { ...this.#journal.view(0), ...place } };
  }

  /** Undefined when that one came to nothing: its pool hears of it later than it happens. */
  async #join(answer: string, { askers }: AnswerRecord, turn: Turn): Promise<Asked | undefined> {
    const user = askers[0] ?? { id: NOBODY, name: "" };
    try {
      const view = await turn.ref(answerActor, answer, SYSTEM).admit({ user });
      return { answer, merged: true, view };
    } catch (error) {
      const { reason } = BarrageError.from(error);
      if (reason === "gone" || reason === "not_found") return undefined;
      throw error;
    }
  }

  /** What was taken from the day's budget is given back unless the answer comes to be. */
  async #enqueue(record: AnswerRecord, turn: Turn): Promise<z.output<typeof Queued>> {
    const enqueue = () => turn.ref(poolActor, record.pool, SYSTEM).enqueue(this.ticket(record));
    const user = record.askers[0]?.id;
    if (!this.#limits.budgeted || user === undefined) return await enqueue();
    const budget = turn.ref(budgetActor, user, SYSTEM);
    const { id: answer, request } = record;
    try {
      await budget.take({ answer, tokens: promptTokens(request) });
    } catch (error) {
      if (BarrageError.from(error).reason === "rate_limited") this.#meters.overBudget++;
      throw error;
    }
    let queued: z.output<typeof Queued> | undefined;
    try {
      return queued = await enqueue();
    } finally {
      if (queued?.outcome !== "queued") await this.#drop(budget, answer);
    }
  }

  /** Not heard, the budget finds out by itself when such an answer must have ended. */
  async #drop(budget: Ref<BudgetVerbs>, answer: string): Promise<void> {
    try {
      await budget.drop({ answer });
    } catch (error) {
      log.debug("Cannot drop from a budget: {error}", { error });
    }
  }

  ticket(record: AnswerRecord): Ticket {
    const { id: answer, askers, band, attempt, exclude, digest, askedAt, until } = record;
    const job = jobOf(record);
    return {
      ...{ answer, band, attempt, exclude: [...exclude].slice(-32), user: askers[0]?.id ?? NOBODY },
      ...(digest === undefined ? {} : { digest }),
      ...(job === undefined ? {} : { sticky: job.credential }),
      until: Math.min(until, askedAt + this.#limits.waitMaxMs),
    };
  }

  /** @throws {BarrageError} `not_found`, `gone` when it came to nothing, `overloaded` when too many follow already. */
  async admit(user: User): Promise<void> {
    const { askers, state } = this.#journal.record;
    if (state === "failed" || state === "cancelled") {
      throw new BarrageError("gone", "The answer came to nothing");
    }
    if (askers.some(({ id }) => id === user.id)) return;
    if (askers.length >= this.#limits.askersMax) {
      throw new BarrageError("overloaded", "Too many wait for the same answer", { retryAfterMs: 1_000 });
    }
    await this.#journal.join(user);
  }
}

/** The one to take up; an empty one was given up by its provider. */
export function jobOf({ job }: AnswerRecord): AnswerRecord["job"] {
  return job?.job === "" ? undefined : job;
}

function askersOf(caller: Caller): readonly User[] {
  return caller.kind === "user" || caller.kind === "service" ? [caller.user] : [];
}
