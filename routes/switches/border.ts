import { BarrageError } from "protocol/errors.ts";
import type { SwitchName } from "protocol/switches.ts";
import type { Caller } from "actors/runtime/caller.ts";
import type { Drops } from "actors/runtime/drops.ts";
import { type CommandClass, WRITES } from "./command_class.ts";
import type { Switchboard } from "./switchboard.ts";

/** Those who are refused come back between one and two of these later: not all at once. */
const RETRY_MS = 5_000;

const SENTENCES: Readonly<Record<Exclude<SwitchName, "serve-stale">, string>> = {
  "read-only": "Cannot change anything: for now the server can only be read",
  "shed-guests": "Cannot serve guests for now: too much is going on",
  "shed-anonymous": "Cannot answer without a token for now: too much is going on",
  "shed-low": "Cannot do this for now: too much is going on",
  "shed-ai": "Cannot ask AI models for now: too much is going on",
};

export interface BorderParts {
  readonly switches: Pick<Switchboard, "any" | "isOn" | "setting">;
  readonly drops: Drops;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** Refuses what a switch turns off, before anything is done for it. */
export class Border {
  readonly #parts: BorderParts;

  constructor(parts: BorderParts) {
    this.#parts = parts;
  }

  /** Whether there is anything to ask at all. */
  get closed(): boolean {
    return this.#parts.switches.any;
  }

  /** Whether it matters who asks. */
  needsCaller({ effect, sort }: CommandClass): boolean {
    if (effect === "always" && sort === undefined) return false;
    const { switches } = this.#parts;
    return sort !== undefined || switches.isOn("shed-guests") || switches.isOn("shed-anonymous");
  }

  /**
   * Operators and API keys are not shed: they run the site. Nothing can be written for anybody.
   * @throws {BarrageError} `read_only`, `overloaded`.
   */
  admit(caller: Caller, kind: CommandClass): void {
    if (!this.closed) return;
    this.refuseWrites(kind);
    if (runsTheSite(caller)) return;
    if (kind.sort !== undefined) this.#refuseIf(`shed-${kind.sort}`);
    if (kind.effect === "always") return;
    if (isGuest(caller)) this.#refuseIf("shed-guests");
    if (caller.kind === "anonymous" && kind.effect === "reads") this.#refuseIf("shed-anonymous");
  }

  /** @throws {BarrageError} `overloaded` for a guest who comes with a socket. */
  admitSocket(caller: Caller): void {
    if (isGuest(caller)) this.#refuseIf("shed-guests");
  }

  /**
   * @param kind What is to be done; left out, it writes.
   * @throws {BarrageError} `read_only`.
   */
  refuseWrites({ effect }: CommandClass = WRITES): void {
    if (effect === "writes") this.#refuseIf("read-only");
  }

  #refuseIf(name: keyof typeof SENTENCES): void {
    const { switches, drops } = this.#parts;
    if (!switches.isOn(name)) return;
    drops.count("switch", name);
    const retryAfterMs = this.#retryAfterMs(switches.setting(name)?.leftMs);
    throw new BarrageError(name === "read-only" ? "read_only" : "overloaded", SENTENCES[name], {
      retryAfterMs,
    });
  }

  /** Nobody has to wait for longer than the switch is on; and when it is off, not all come at once. */
  #retryAfterMs(leftMs = Infinity): number {
    return Math.ceil(Math.min(leftMs, RETRY_MS) + this.#parts.random() * RETRY_MS);
  }
}

function isGuest(caller: Caller): boolean {
  return caller.kind === "user" && caller.standing === "guest";
}

function runsTheSite(caller: Caller): boolean {
  return caller.kind === "service" || (caller.kind === "user" && caller.standing === "operator");
}
