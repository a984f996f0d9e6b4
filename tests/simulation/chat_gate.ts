import { hostConversations } from "actors/conversation/host.ts";
import { type ConversationLimits, DEFAULT_CONVERSATION_LIMITS } from "actors/conversation/limits.ts";
import { CHAT_METHODS, type ChatMethod } from "protocol/chat_methods.ts";
import { BarrageError } from "protocol/errors.ts";
import { json } from "protocol/json.ts";
import { callConversation, isConversationMethod } from "routes/gateway/chat/chat_calls.ts";
import type { ChatHub } from "routes/gateway/chat/chat_hub.ts";
import type { ChatSeat } from "routes/gateway/chat/chat_seat.ts";
import { ChatSync } from "routes/gateway/chat/chat_sync.ts";
import { openChat } from "routes/gateway/chat/open.ts";
import type { SignedIn } from "routes/verifier.ts";
import { CallFailed, type Hearer, type Line, LOST } from "tests/faults/chat/line.ts";
import { viewer } from "tests/support/room_stage.ts";
import type { Parts } from "./host.ts";
import { Wire } from "./network.ts";
import type { Timeline } from "./timeline.ts";

/** So little memory that much is read from the database. */
const LIMITS: ConversationLimits = { ...DEFAULT_CONVERSATION_LIMITS, memoryMessages: 6 };
/** Who waits longer than this connects anew. */
const PATIENCE_MS = 6_000;

/** The gateway of one simulated process, from a parsed frame on: real seats and channels, and sockets without a wire. */
export class ChatGate {
  readonly #parts: Parts;
  readonly #hub: ChatHub;
  readonly #sync: ChatSync;
  readonly #lines = new Set<SimLine>();

  constructor(parts: Parts) {
    const { node, process, storage, bus } = parts;
    this.#parts = parts;
    hostConversations(node, storage, bus, LIMITS);
    const { hub } = openChat({ nodeId: process.name, node, bus, storage });
    this.#hub = hub;
    this.#sync = new ChatSync({ node, hub, memberships: storage.memberships });
  }

  connect(user: number, hearer: Hearer, timeline: Timeline, delayMs: () => number): Line {
    const line = new SimLine({
      ...{ gate: this, process: this.#parts.process, hearer, timeline, delayMs },
      caller: viewer(user) as SignedIn,
      gone: () => this.#lines.delete(line),
    });
    this.#lines.add(line);
    return line;
  }

  /** The process is gone, and with it every socket. */
  end(): void {
    for (const line of [...this.#lines]) line.lose();
  }

  openSeat(caller: SignedIn, tell: (method: string, params: unknown) => void): ChatSeat {
    return this.#hub.open(caller.user.id, {
      codec: json,
      send: (frame) => {
        const { method, params } = JSON.parse(frame as string);
        tell(method, params);
      },
      notify: tell,
    });
  }

  /** @param reply Puts the answer on the wire. */
  async serve(
    seat: ChatSeat,
    caller: SignedIn,
    method: string,
    params: unknown,
    reply: (result: unknown) => void,
  ): Promise<void> {
    const known = method as ChatMethod;
    const parsed = CHAT_METHODS[known].params.parse(params);
    if (isConversationMethod(known)) {
      const call = { node: this.#parts.node, caller, options: {} };
      return reply(await callConversation(known, call, parsed));
    }
    const { result, onSent } = await this.#sync.sync(seat, caller, parsed as never);
    reply(result);
    onSent();
  }
}

interface LineOptions {
  readonly gate: ChatGate;
  readonly process: Parts["process"];
  readonly hearer: Hearer;
  readonly timeline: Timeline;
  readonly delayMs: () => number;
  readonly caller: SignedIn;
  readonly gone: () => void;
}

interface Call {
  readonly reject: (error: CallFailed) => void;
  readonly cancel: () => void;
}

/** A socket to a simulated process: both directions keep their order and take their time. */
class SimLine implements Line {
  readonly #options: LineOptions;
  readonly #wire: Wire;
  readonly #calls = new Set<Call>();
  #seat: ChatSeat | undefined;
  #ended = false;

  constructor(options: LineOptions) {
    this.#options = options;
    this.#wire = new Wire(options.timeline, options.delayMs);
  }

  call(method: string, params: Record<string, unknown>, take: (result: unknown) => void): Promise<void> {
    if (this.#ended) return Promise.reject(new CallFailed(LOST));
    const { gate, process, timeline, caller } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const cancel = timeline.after(PATIENCE_MS, () => this.lose());
    const call: Call = { reject, cancel };
    this.#calls.add(call);
    const answer = (settle: () => void) =>
      this.#wire.fromBroker(() => {
        if (!this.#calls.delete(call)) return;
        cancel();
        settle();
      });
    this.#wire.toBroker(() =>
      process.deliver("socket", () => {
        const seat = this.#seat ??= gate.openSeat(caller, (method, params) => this.#tell(method, params));
        gate.serve(seat, caller, method, structuredClone(params), (result) => {
          const copy = structuredClone(result);
          answer(() => {
            take(copy);
            resolve();
          });
        }).catch((error) => {
          const { reason, details } = BarrageError.from(error);
          answer(() => reject(new CallFailed(reason, details.retryAfterMs)));
        });
      })
    );
    return promise;
  }

  close(): void {
    if (!this.#end()) return;
    // The process learns of it like of anything else.
    const { process, timeline, delayMs } = this.#options;
    timeline.after(delayMs(), () => process.deliver("socket", () => this.#seat?.leave()));
  }

  /** Broken, as the device finds out. */
  lose(): void {
    if (this.#ended) return;
    this.close();
    this.#options.hearer.lost();
  }

  #tell(method: string, params: unknown): void {
    const copy = structuredClone(params);
    this.#wire.fromBroker(() => {
      if (!this.#ended) this.#options.hearer.hear(method, copy);
    });
  }

  #end(): boolean {
    if (this.#ended) return false;
    this.#ended = true;
    this.#wire.cut();
    this.#options.gone();
    for (const { reject, cancel } of this.#calls) {
      cancel();
      reject(new CallFailed(LOST));
    }
    this.#calls.clear();
    return true;
  }
}
