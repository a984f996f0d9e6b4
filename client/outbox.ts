import type { Reason } from "protocol/errors.ts";
import type { Call } from "./call.ts";
import type { Clock } from "./clock.ts";
import { BarrageCallError } from "./errors.ts";
import type { Reply } from "./envelope.ts";

const REPEAT_ON: ReadonlySet<Reason> = new Set(["moved", "unavailable", "expired", "timeout"]);
const REPEAT_AFTER_MS = 250;
/** Errors that do not say whether the call was carried out. */
const UNKNOWN: ReadonlySet<Reason> = new Set(["unavailable", "timeout", "internal"]);

export interface Wire {
  /** Tells one link from the next. */
  readonly generation: number;
  send(frame: unknown): void;
}

interface Sent {
  readonly call: Call;
  /** Of the link it went out on. */
  readonly generation: number;
}

/** Calls on their way: those sent, matched to replies by id, and those that wait for a link, bounded. */
export class Outbox {
  readonly #clock: Clock;
  readonly #limit: number;
  /** For a call that would be refused now and not a moment later. */
  readonly #mustWait: (call: Call) => boolean;
  readonly #sent = new Map<number, Sent>();
  #waiting: Call[] = [];
  #wire: Wire | undefined;
  #flowing = false;
  #nextId = 1;
  /** Somebody waits for the last answer on a link that is being left. */
  #emptied: { readonly generation: number; readonly resolve: () => void } | undefined;

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

  /**
   * Lets the urgent calls through; the others wait for `flow()`. What was sent on the link before, if there is one still,
   * is answered there, but for the urgent calls: they are about the link itself.
   */
  attach(wire: Wire): void {
    this.#wire = wire;
    this.#flowing = false;
    const urgent = [...this.#sent].filter(([, { call }]) => call.urgent);
    for (const [id] of urgent) this.#forget(id);
    this.#waiting = [...urgent.map(([, { call }]) => call), ...this.#waiting];
    this.pass();
  }

  /** Resolves when everything sent on that link has its answer, or the link is gone. */
  emptied(generation: number): Promise<void> {
    return new Promise((resolve) => {
      this.#emptied = { generation, resolve };
      this.#tellEmptied();
    });
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
  detach(generation: number): void {
    if (this.#wire?.generation === generation) {
      this.#wire = undefined;
      this.#flowing = false;
    }
    const there = [...this.#sent].filter(([, sent]) => sent.generation === generation);
    const unanswered = there.map(([, { call }]) => call).filter((call) => !call.settled);
    this.#waiting = [...unanswered.filter((call) => call.repeatable), ...this.#waiting];
    for (const [id] of there) this.#forget(id);
    for (const call of unanswered) {
      call.doubtful = true;
      if (!call.repeatable) {
        call.reject(
          new BarrageCallError("unavailable", `Cannot finish ${call.method}: the connection was lost`),
        );
      }
    }
  }

  receive(reply: Reply): void {
    if (typeof reply.id !== "number") return;
    const call = this.#sent.get(reply.id)?.call;
    if (!call) return;
    this.#forget(reply.id);
    if ("error" in reply) this.#failed(call, BarrageCallError.fromWire(reply.error));
    else call.resolve(reply.result);
  }

  close(error: BarrageCallError): void {
    this.#wire = undefined;
    for (const call of [...[...this.#sent.values()].map((sent) => sent.call), ...this.#waiting]) {
      call.reject(error);
    }
    this.#sent.clear();
    this.#waiting = [];
  }

  #mayGo(call: Call): boolean {
    return call.urgent || (this.#flowing && !this.#mustWait(call));
  }

  #send(wire: Wire, call: Call): void {
    if (call.settled) return;
    const id = this.#nextId++;
    this.#sent.set(id, { call, generation: wire.generation });
    const forget = () => this.#forget(id);
    call.promise.then(forget, forget);
    wire.send({ jsonrpc: "2.0", id, method: call.method, params: call.params });
  }

  #forget(id: number): void {
    if (this.#sent.delete(id)) this.#tellEmptied();
  }

  #tellEmptied(): void {
    const emptied = this.#emptied;
    if (emptied === undefined) return;
    for (const { generation } of this.#sent.values()) if (generation === emptied.generation) return;
    this.#emptied = undefined;
    emptied.resolve();
  }

  #failed(call: Call, error: BarrageCallError): void {
    const generation = this.#wire?.generation;
    const waitMs = error.retryAfterMs ?? REPEAT_AFTER_MS;
    const mayRepeat = call.repeatable && REPEAT_ON.has(error.reason) && call.repeatedOn !== generation;
    if (!mayRepeat || call.msLeft <= waitMs) return call.reject(honest(call, error));
    call.doubtful ||= UNKNOWN.has(error.reason);
    call.repeatedOn = generation;
    this.#clock.set(() => call.settled || this.submit(call), waitMs);
  }
}

/** Entering a room twice does no harm, so there it does not matter what became of the first time. */
function honest({ method, urgent, doubtful }: Call, error: BarrageCallError): BarrageCallError {
  if (urgent || !doubtful || UNKNOWN.has(error.reason)) return error;
  const sentence = `Cannot tell whether ${method} was carried out: it was sent more than once, and last ` +
    `answered: ${error.message}`;
  return new BarrageCallError("timeout", sentence, { cause: error });
}
