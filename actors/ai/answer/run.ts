import { getLogger } from "@logtape/logtape";
import type { AiFile, AiRequest } from "protocol/ai.ts";
import { BarrageError } from "protocol/errors.ts";
import type { Clock } from "actors/runtime/clock.ts";
import type { Ids } from "actors/runtime/ids.ts";
import type { Ref } from "actors/runtime/ref.ts";
import type { FileStore } from "storage/ai_storage.ts";
import type { Outcome, PoolVerbs, Runner } from "../pool/definition.ts";
import { type FaultKind, type Provider, type UpstreamEvent, UpstreamFault } from "../provider.ts";
import type { Vault } from "../vault.ts";
import type { AnswerVerbs, Lease, Piece } from "./definition.ts";
import { Dispatch } from "./dispatch.ts";
import type { AnswerLimits } from "./limits.ts";
import { Seam } from "./seam.ts";

const log = getLogger(["barrage", "ai"]);

/** What one call is for. */
export interface Errand {
  readonly answer: string;
  readonly lease: Lease;
  readonly request: AiRequest;
  /** The text that was shown, to be continued. */
  readonly text: string;
  readonly job?: string;
  /** Monotonic. */
  readonly deadline: number;
}

export interface RunPorts {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly vault: Vault;
  readonly providers: { named(name: string): Provider | undefined };
  readonly files: Pick<FileStore, "write">;
  readonly limits: AnswerLimits;
  /** The process that makes the call. */
  readonly runner: Runner;
  /** As in `DispatchPorts`. */
  readonly pause: () => Promise<void> | undefined;
  readonly answer: Pick<Ref<AnswerVerbs>, "pieces">;
  readonly pool: Pick<Ref<PoolVerbs>, "started" | "renew" | "release">;
}

/** Why a call is cut off by us. */
type Cutoff = "stopped" | "stalled" | "deadline" | "lapsed" | "unheard" | "leaving";

/** The answer may go on with another call. */
const FAULTS: Partial<Record<Cutoff, { readonly fault: FaultKind; readonly message: string }>> = {
  stalled: { fault: "stalled", message: "Nothing came for too long" },
  lapsed: { fault: "stalled", message: "The lease was over before the call" },
  leaving: { fault: "cut", message: "The node that made the call has stopped" },
};

/** The call was well, but what it made could not be stored. */
class NotKept extends Error {
  override readonly name = "NotKept";
}

const KEEP_AGAIN_MS = 250;

class CutOff extends Error {
  override readonly name = "CutOff";
  constructor(readonly why: Cutoff) {
    super(`The call was cut off: ${why}`);
  }
}

/**
 * One call of one provider, from the lease to its release. It belongs to the node, not to the incarnation of the answer:
 * when the answer moves, what comes is sent to it wherever it is.
 */
export class Run {
  readonly #errand: Errand;
  readonly #ports: RunPorts;
  readonly #dispatch: Dispatch;
  readonly #seam: Seam | undefined;
  readonly #controller = new AbortController();
  /** When nothing has come for too long, and when that is looked at; monotonic. */
  #silentAt = Infinity;
  #watchAt = Infinity;
  #cancelWatch = () => {};
  #counted = false;
  /** There was something in the stream that is not shown. */
  #unshown = false;
  #released: Promise<void> | undefined;

  constructor(errand: Errand, ports: RunPorts) {
    this.#errand = errand;
    this.#ports = ports;
    const { lease, text } = errand;
    if (text !== "") this.#seam = new Seam(text, ports.limits.holdBack);
    this.#dispatch = new Dispatch(
      {
        attempt: lease.attempt,
        lease: lease.lease,
        credential: lease.credential,
        base: text.length,
        patienceMs: lease.termMs,
      },
      {
        clock: ports.clock,
        send: (batch) => ports.answer.pieces(batch),
        onRefused: (why) => this.cut(why),
        pause: ports.pause,
      },
    );
  }

  /** Ends when the slot has been given back. */
  async work(): Promise<void> {
    const { clock } = this.#ports;
    const { deadline } = this.#errand;
    // The call sets out first, all else goes beside it.
    const outcome = this.#outcome();
    const cancelDeadline = clock.after(Math.max(0, deadline - clock.monotonic()), () => this.cut("deadline"));
    const letGo = this.#keepLease();
    const cancelBeat = this.#dispatch.beat();
    try {
      await this.#release(await outcome);
      letGo();
      await this.#dispatch.flush();
    } finally {
      letGo();
      cancelDeadline();
      cancelBeat();
    }
  }

  /** Ends the call, whatever it is doing. */
  cut(why: Cutoff): void {
    this.#controller.abort(new CutOff(why));
  }

  async #outcome(): Promise<Outcome> {
    try {
      this.#watch(this.#ports.limits.firstTokenMs);
      await this.#call();
      return { kind: "done" };
    } catch (error) {
      return await this.#failed(error);
    } finally {
      this.#cancelWatch();
    }
  }

  async #call(): Promise<void> {
    const { vault, providers } = this.#ports;
    const { lease, request, text, job } = this.#errand;
    const { signal } = this.#controller;
    const opened = vault.open(lease.credential);
    // Not awaited where it is at hand: the call would set out after whatever else is about to run.
    const credential = opened instanceof Promise ? await opened : opened;
    const provider = providers.named(credential.provider);
    if (provider === undefined) {
      throw new UpstreamFault("forbidden", "No such provider", { code: "provider" });
    }
    signal.throwIfAborted();
    const call = {
      ...{ credential, request, upstreamModel: lease.upstreamModel, uid: lease.lease },
      ...(text === "" ? {} : { partial: text }),
      ...(job === undefined ? {} : { job }),
    };
    let end: Extract<UpstreamEvent, { kind: "end" }> | undefined;
    for await (const event of provider.call(call, signal)) {
      if (event.kind === "end") end = event;
      else await this.#take(event);
    }
    if (end === undefined) throw new UpstreamFault("cut", "The stream ended without its terminal mark");
    this.#dispatch.text(this.#seam?.end() ?? "");
    this.#dispatch.last({ kind: "end", reason: end.reason });
  }

  async #take(event: Exclude<UpstreamEvent, { kind: "end" }>): Promise<void> {
    this.#hasCounted();
    if (event.kind === "started") return;
    this.#watch(this.#ports.limits.idleMs);
    switch (event.kind) {
      case "text":
        this.#dispatch.text(this.#seam?.take(event.text) ?? event.text);
        break;
      case "unshown":
        this.#unshown = true;
        this.#dispatch.piece({ kind: "unshown" });
        break;
      case "progress":
        this.#dispatch.piece({ kind: "progress", percent: Math.round(event.percent) });
        break;
      case "usage":
        this.#dispatch.piece(event);
        break;
      case "job":
        this.#dispatch.piece(event);
        // Were it lost, the job would be paid for twice.
        return await this.#dispatch.flush();
      case "file":
        return await this.#keep(event);
    }
    await this.#dispatch.room();
  }

  async #keep({ bytes, type, name }: Extract<UpstreamEvent, { kind: "file" }>): Promise<void> {
    const file = { id: this.#ports.ids.next(), type, name, bytes: bytes.length };
    await this.#write(file, bytes);
    this.#dispatch.piece({ kind: "file", file });
    await this.#dispatch.flush();
  }

  /** What is there is paid for, and the store may be away for a moment only. */
  async #write(file: AiFile, bytes: Uint8Array): Promise<void> {
    const { clock, files } = this.#ports;
    const until = clock.monotonic() + this.#errand.lease.termMs;
    for (;;) {
      this.#controller.signal.throwIfAborted();
      try {
        return await files.write(file, this.#errand.answer, bytes);
      } catch (cause) {
        if (clock.monotonic() > until) throw new NotKept("Cannot keep a file", { cause });
      }
      await new Promise<void>((resolve) => clock.after(KEEP_AGAIN_MS, resolve));
    }
  }

  #hasCounted(): void {
    if (this.#counted) return;
    this.#counted = true;
    const { lease } = this.#errand.lease;
    // Lost, the start counts until the release: slower, and never over the limit.
    this.#ports.pool.started({ lease }).catch((error) =>
      log.debug("Cannot tell a start: {error}", { error })
    );
  }

  /** Pictures and slides say nothing for long; theirs is the deadline. */
  #watch(ms: number): void {
    if (this.#errand.request.feature !== "text") return;
    this.#silentAt = this.#ports.clock.monotonic() + ms;
    // A timer for each token would cost more than the token; one that comes too soon looks again.
    if (this.#silentAt < this.#watchAt) this.#lookAt(this.#silentAt);
  }

  #lookAt(at: number): void {
    const { clock } = this.#ports;
    this.#cancelWatch();
    this.#watchAt = at;
    this.#cancelWatch = clock.after(at - clock.monotonic(), () => {
      if (clock.monotonic() < this.#silentAt) this.#lookAt(this.#silentAt);
      else this.cut("stalled");
    });
  }

  async #failed(error: unknown): Promise<Outcome> {
    const { signal } = this.#controller;
    if (signal.aborted) return await this.#cutOff((signal.reason as CutOff).why);
    const fault = asFault(error);
    const { kind, message, details: { retryAfterMs, providerWide, code } } = fault;
    const told = {
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      ...(providerWide === undefined ? {} : { providerWide }),
      ...(code === undefined ? {} : { code: code.slice(0, 64) }),
    };
    // The store's fault says nothing of the credential.
    const own = error instanceof NotKept;
    const outcome: Outcome = own ? { kind: "unused" } : { kind: "fault", fault: kind, ...told };
    // The pool has to know before the answer asks for the next one.
    await this.#release(outcome);
    this.#break({ kind: "fault", fault: kind, message: message.slice(0, 1_000), ...told });
    await this.#dispatch.flush();
    return outcome;
  }

  /** The last that the answer hears of this call. */
  #break(fault: Extract<Piece, { kind: "fault" }>): void {
    if (fault.fault !== "moderation") this.#dispatch.text(this.#seam?.broken() ?? "");
    // Another incarnation than the one that was told may have to decide whether this can be continued.
    if (this.#unshown) this.#dispatch.piece({ kind: "unshown" });
    this.#dispatch.last(fault);
  }

  async #cutOff(why: Cutoff): Promise<Outcome> {
    const { clock, limits } = this.#ports;
    const fault = FAULTS[why];
    if (fault !== undefined) this.#break({ kind: "fault", ...fault });
    // The upstream has to notice before the slot may be used again.
    const settled = new Promise<void>((resolve) => clock.after(limits.abortSettleMs, resolve));
    if (fault !== undefined) await this.#dispatch.flush();
    await settled;
    return why === "stalled" ? { kind: "fault", fault: "stalled" } : { kind: "unused" };
  }

  /**
   * The pool lends the slot again some time after it has heard of the lease last; by then the upstream has to have
   * noticed that this call is over.
   */
  #keepLease(): () => void {
    const { clock, pool, limits, runner } = this.#ports;
    const { lease, termMs } = this.#errand.lease;
    const everyMs = termMs / 3;
    let over = false;
    let cancelNext = () => {};
    let cancelEnd = () => {};
    const heldFrom = (sentAt: number) => {
      cancelEnd();
      const leftMs = sentAt + termMs - limits.abortSettleMs - clock.monotonic();
      cancelEnd = clock.after(Math.max(0, leftMs), () => this.cut("lapsed"));
    };
    const renew = async () => {
      const sentAt = clock.monotonic();
      try {
        const { held } = await pool.renew({ lease, started: this.#counted, runner }, { timeoutMs: everyMs });
        if (over) return;
        if (held) heldFrom(sentAt);
        else this.cut("lapsed");
      } catch (error) {
        log.debug("Cannot renew a lease: {error}", { error });
      }
      const nextMs = Math.max(0, sentAt + everyMs - clock.monotonic());
      if (!over) cancelNext = clock.after(nextMs, renew);
    };
    heldFrom(clock.monotonic());
    renew();
    return () => {
      over = true;
      cancelNext();
      cancelEnd();
    };
  }

  #release(outcome: Outcome): Promise<void> {
    return this.#released ??= this.#giveBack(outcome);
  }

  async #giveBack(outcome: Outcome): Promise<void> {
    const { clock, pool } = this.#ports;
    const { lease, termMs } = this.#errand.lease;
    const until = clock.monotonic() + termMs;
    for (let pauseMs = 50;; pauseMs = Math.min(1_000, pauseMs * 2)) {
      try {
        await pool.release({ lease, outcome });
        return;
      } catch (error) {
        if (clock.monotonic() > until) {
          // It comes back by itself, a term after its last renewal.
          log.warn("Cannot give a lease back: {error}", { error });
          return;
        }
      }
      await new Promise<void>((resolve) => clock.after(pauseMs, resolve));
    }
  }
}

function asFault(error: unknown): UpstreamFault {
  if (error instanceof UpstreamFault) return error;
  if (error instanceof BarrageError && error.reason === "not_found") {
    return new UpstreamFault("forbidden", "The credential is gone", { code: "gone" });
  }
  log.error("A call failed in an unknown way: {error}", { error });
  return new UpstreamFault("transient", "The call failed", { cause: error });
}
