import { BarrageError } from "protocol/errors.ts";
import type { Behaviour, Factory, Self, Turn } from "actors/runtime/behaviour.ts";
import type { Input, Output } from "actors/runtime/definition.ts";
import type { UsageStore } from "storage/ai_storage.ts";
import type { BudgetVerb, BudgetVerbs } from "./definition.ts";
import type { BudgetLimits } from "./limits.ts";
import { authorize } from "./permissions.ts";

const DAY_MS = 86_400_000;

export interface BudgetPorts {
  readonly usage: Pick<UsageStore, "spent">;
  readonly limits: BudgetLimits;
}

/** An answer that is under way. */
interface Held {
  readonly tokens: number;
  readonly at: number;
}

interface Day {
  readonly from: number;
  /** Of everything but the answers that were held when it was read, and of those settled since. */
  requests: number;
  tokens: number;
}

export function budgetFactory(ports: BudgetPorts): Factory<BudgetVerbs> {
  return (self) => new Budget(self, ports);
}

type Nothing = Record<string, never>;

/**
 * What is used is what the records say, without the answers that are held here, plus those. So it is exact whenever an
 * answer was taken for and settled by the same incarnation on the same day; in every other case the records are read
 * again, which is exact because usage is committed before it is settled. What a restart forgets is only the estimates
 * of answers that are under way.
 */
class Budget implements Behaviour<BudgetVerbs> {
  readonly #self: Self;
  readonly #usage: BudgetPorts["usage"];
  readonly #limits: BudgetLimits;
  readonly #held = new Map<string, Held>();
  #day: Day | undefined;

  constructor(self: Self, { usage, limits }: BudgetPorts) {
    this.#self = self;
    this.#usage = usage;
    this.#limits = limits;
  }

  async take({ answer, tokens }: Input<BudgetVerbs["take"]>, turn: Turn): Promise<Nothing> {
    this.#authorize("take", turn);
    const { requestsPerDay, tokensPerDay, heldMax } = this.#limits;
    if ((requestsPerDay === 0 && tokensPerDay === 0) || this.#held.has(answer)) return {};
    const day = await this.#today();
    if (this.#held.size >= heldMax) {
      throw new BarrageError("overloaded", "Too many of your answers are under way", { retryAfterMs: 1_000 });
    }
    const used = this.#used(day);
    if (requestsPerDay > 0 && used.requests >= requestsPerDay) {
      throw this.#refusal(day, `you may ask ${requestsPerDay} times a day`);
    }
    if (tokensPerDay > 0 && used.tokens + tokens > tokensPerDay) {
      throw this.#refusal(day, `you may use ${tokensPerDay} tokens a day`);
    }
    this.#held.set(answer, { tokens, at: this.#self.clock.now() });
    return {};
  }

  settle({ answer, tokens }: Input<BudgetVerbs["settle"]>, turn: Turn): Nothing {
    this.#authorize("settle", turn);
    const held = this.#held.get(answer);
    this.#held.delete(answer);
    const day = this.#day;
    if (day === undefined) return {};
    if (held === undefined || held.at < day.from || this.#over(day)) {
      this.#day = undefined;
      return {};
    }
    day.requests++;
    day.tokens += tokens;
    return {};
  }

  drop({ answer }: Input<BudgetVerbs["drop"]>, turn: Turn): Nothing {
    this.#authorize("drop", turn);
    this.#held.delete(answer);
    return {};
  }

  async read(_input: unknown, turn: Turn): Promise<Output<BudgetVerbs["read"]>> {
    this.#authorize("read", turn);
    const day = await this.#today();
    const { requests, tokens } = this.#used(day);
    const { requestsPerDay, tokensPerDay } = this.#limits;
    return {
      requests: { used: requests, ...(requestsPerDay > 0 && { max: requestsPerDay }) },
      tokens: { used: tokens, ...(tokensPerDay > 0 && { max: tokensPerDay }) },
      until: day.from + DAY_MS,
    };
  }

  async #today(): Promise<Day> {
    this.#forgetLost();
    if (this.#day !== undefined && !this.#over(this.#day)) return this.#day;
    const now = this.#self.clock.now();
    const from = now - now % DAY_MS;
    const spent = await this.#usage.spent(this.#self.key, from, [...this.#held.keys()]);
    return this.#day = { from, requests: spent.requests, tokens: spent.tokens };
  }

  /** Answers that nobody has settled in all the time that one may take: what they cost is in the records. */
  #forgetLost(): void {
    const lostBefore = this.#self.clock.now() - this.#limits.heldMs;
    for (const [answer, { at }] of this.#held) {
      // They are in the order in which they were taken for.
      if (at >= lostBefore) return;
      this.#held.delete(answer);
      this.#day = undefined;
    }
  }

  #used(day: Day): { requests: number; tokens: number } {
    let { requests, tokens } = day;
    for (const held of this.#held.values()) {
      if (held.at >= day.from) requests++;
      tokens += held.tokens;
    }
    return { requests, tokens };
  }

  #over({ from }: Day): boolean {
    return this.#self.clock.now() >= from + DAY_MS;
  }

  #refusal({ from }: Day, why: string): BarrageError {
    const retryAfterMs = Math.max(1, from + DAY_MS - this.#self.clock.now());
    return new BarrageError("rate_limited", `Cannot ask: ${why}`, { retryAfterMs });
  }

  #authorize(verb: BudgetVerb, { caller }: Turn): void {
    authorize(verb, caller, this.#self.key);
  }
}
