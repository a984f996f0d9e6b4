import type { SocketConstructor } from "client/mod.ts";
import type { Sending, SocketHistory } from "./history.ts";

/** The server answers every call within this time, if only with `timeout`; machines may be busy. */
const ANSWER_MS = 12_000;

interface Call {
  readonly method: string;
  readonly sending: Draft;
}

type Draft = { -readonly [K in keyof Sending]: Sending[K] };

interface Sent {
  readonly id?: unknown;
  readonly method: string;
  readonly params?: { readonly id?: string };
}

interface Received {
  readonly id?: unknown;
  readonly method?: string;
  readonly params?: { readonly room: string; readonly epoch: number };
  readonly error?: { readonly data: { readonly reason: string } };
}

interface Wire {
  readonly number: number;
  readonly open: Map<number, Call>;
  readonly epochs: Map<string, number>;
  readonly epochsBack: SocketHistory["epochsBack"][number][];
  ended: boolean;
}

/** Listens in on one client's sockets: the SDK mends what it can, the wire shows what it had to mend. */
export class Tap {
  readonly #client: string;
  readonly #wires: Wire[] = [];
  /** Every time a message went out, by the message's id. */
  readonly #sendings = new Map<string, Draft[]>();

  constructor(client: string) {
    this.#client = client;
  }

  /** A socket for the SDK. */
  get Socket(): SocketConstructor {
    const attach = (socket: WebSocket) => this.#attach(socket);
    return class TappedSocket extends WebSocket {
      readonly #sent: (data: string) => void;

      constructor(url: string, protocols: string[]) {
        super(url, protocols);
        this.#sent = attach(this);
      }

      override send(data: string | ArrayBufferLike | Blob | ArrayBufferView<ArrayBuffer>): void {
        if (typeof data === "string") this.#sent(data);
        super.send(data as string);
      }
    };
  }

  sendings(id: string): readonly Sending[] {
    return this.#sendings.get(id) ?? [];
  }

  histories(): SocketHistory[] {
    const now = performance.now();
    return this.#wires.map(({ open, epochsBack, ended }) => {
      const waiting = [...open.values()].map(({ method, sending }) => ({ method, ms: now - sending.at }));
      const unanswered = ended ? [] : waiting.filter(({ ms }) => ms > ANSWER_MS);
      return { client: this.#client, epochsBack, unanswered };
    });
  }

  #attach(socket: WebSocket): (data: string) => void {
    const wire: Wire = {
      number: this.#wires.length,
      open: new Map(),
      epochs: new Map(),
      epochsBack: [],
      ended: false,
    };
    this.#wires.push(wire);
    socket.addEventListener("message", ({ data }) => this.#received(wire, JSON.parse(data)));
    socket.addEventListener("close", () => wire.ended = true);
    return (data) => this.#sent(wire, JSON.parse(data));
  }

  #sent(wire: Wire, { id, method, params }: Sent): void {
    if (typeof id !== "number") return;
    const sending: Draft = {
      socket: wire.number,
      at: performance.now(),
      answer: undefined,
      answeredAt: undefined,
    };
    wire.open.set(id, { method, sending });
    if (params?.id === undefined) return;
    const earlier = this.#sendings.get(params.id);
    if (earlier === undefined) this.#sendings.set(params.id, [sending]);
    else earlier.push(sending);
  }

  #received(wire: Wire, { id, method, params, error }: Received): void {
    if (typeof id === "number") {
      const sending = wire.open.get(id)?.sending;
      wire.open.delete(id);
      if (sending === undefined) return;
      sending.answer = error?.data.reason ?? "ok";
      sending.answeredAt = performance.now();
    } else if (method === "room.frame" && params !== undefined) {
      const before = wire.epochs.get(params.room) ?? 0;
      if (params.epoch < before) wire.epochsBack.push({ room: params.room, from: before, to: params.epoch });
      wire.epochs.set(params.room, Math.max(before, params.epoch));
    }
  }
}
