import type { Reason } from "protocol/errors.ts";
import type { Call } from "./call.ts";
import type { Clock } from "./clock.ts";
import { BarrageCallError } from "./errors.ts";
import type { Reply } from "./envelope.ts";

const REPEAT_ON: ReadonlySet<Reason> = new Set(["moved", "unavailable", "expired", "timeout"]);
const REPEAT_AFTER_MS = 250;

export interface Wire {
  /** Tells one link from the next. */
  readonly generation: number;
  send(frame: unknown): void;
}

/** Calls on their way: those sent, matched to replies by id, and those that wait for a link, bounded. */
export class Outbox {
  readonly #clock: Clock;
  readonly #limit: number;
  /** For a call that would be refused now and not a moment later. */
  readonly #mustWait: (call: Call) => boolean;
  readonly #sent = new Map<number, Call>();
  #waiting: Call[] = [];
  #wire: Wire | undefined;
  #flowing = false;
  #nextId = 1;

  constructor(clock: Clock, limit: number, mustWait: (call: Call) => boolean) {
    this.#clock = clock;
    this.#limit = limit;
    this.#mustWait = mustWait;
  }

  submit(call: Call): void {
    if (this.#wire && this.#mayGo(call)) return this.#send(this.#wire, call);
    this.#waiting = this.#waiting.filter((other) => !other.settled);
    if (this.#waiting.length >= this.#limit) {
      return call.reject(
        new BarrageCallError(
          "overloaded",
          `Cannot queue ${call.method}: ${this.#limit} calls wait for a connection`,
        ),
      );
    }
    this.#waiting.push(call);
  }

  /** Lets the urgent calls through; the others wait for `flow()`. */
  attach(wire: Wire): void {
    this.#wire = wire;
    this.pass();
  }

  flow(): void {
    if (!this.#wire) return;
    this.#flowing = true;
    this.pass();
  }

  /** Sends what has no more reason to wait. */
  pass(): void {
    if (!this.#wire) return;
    for (const call of this.#waiting.splice(0)) {
      if (this.#mayGo(call)) this.#send(this.#wire, call);
      else this.#waiting.push(call);
    }
  }

  /** The link will end soon: what is submitted from now on waits for the next one. */
  hold(): void {
    this.#flowing = false;
  }

  /** The link is gone: repeatable calls wait for the next one, the others fail, their outcome being unknown. */
  detach(): void {
    this.#wire = undefined;
    this.#flowing = false;
    const unanswered = [...this.#sent.values()].filter((call) => !call.settled);
    this.#sent.clear();
    this.#waiting = [...unanswered.filter((call) => call.repeatable), ...this.#waiting];
    for (const call of unanswered) {
      if (!call.repeatable) {
        call.reject(
          new BarrageCallError("unavailable", `Cannot finish ${call.method}: the connection was lost`),
        );
      }
    }
  }

  receive(reply: Reply): void {
    if (typeof reply.id !== "number") return;
    const call = this.#sent.get(reply.id);
    if (!call) return;
    this.#sent.delete(reply.id);
    if ("error" in reply) this.#failed(call, BarrageCallError.fromWire(reply.error));
    else call.resolve(reply.result);
  }

  close(error: BarrageCallError): void {
    this.#wire = undefined;
    for (const call of [...this.#sent.values(), ...this.#waiting]) call.reject(error);
    this.#sent.clear();
    this.#waiting = [];
  }

  #mayGo(call: Call): boolean {
    return call.urgent || (this.#flowing && !this.#mustWait(call));
  }

  #send(wire: Wire, call: Call): void {
    if (call.settled) return;
    const id = this.#nextId++;
    this.#sent.set(id, call);
    const forget = () => void this.#sent.delete(id);
    call.promise.then(forget, forget);
    wire.send({ jsonrpc: "2.0", id, method: call.method, params: call.params });
  }

  #failed(call: Call, error: BarrageCallError): void {
    const generation = this.#wire?.generation;
    const waitMs = error.retryAfterMs ?? REPEAT_AFTER_MS;
    const mayRepeat = call.repeatable && REPEAT_ON.has(error.reason) && call.repeatedOn !== generation;
    if (!mayRepeat || call.msLeft <= waitMs) return call.reject(error);
    call.repeatedOn = generation;
    this.#clock.set(() => call.settled || this.submit(call), waitMs);
  }
}
