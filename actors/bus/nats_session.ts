import { DebugEvents, Events, type Msg, type NatsConnection, type Status } from "nats";
import { BarrageError } from "protocol/errors.ts";
import { BUS_MAX_BYTES, type Headers } from "./bus.ts";
import { ShortCopies } from "./nats_copies.ts";
import { Inbox } from "./nats_inbox.ts";
import { encodeHeaders } from "./nats_message.ts";
import { ConfirmWindow } from "./nats_window.ts";
import type { PipeLimits } from "./pipe.ts";

export interface SessionOptions {
  readonly limits: PipeLimits;
  /** Receives what the server refuses. */
  readonly onError: (error: unknown) => void;
}

export interface Listening {
  end(): void;
  /** Ends behind what the server has sent on the way. */
  drain(): void;
}

/** One connection, from its greeting to its end. */
export class NatsSession {
  /** Resolves with the cause when the connection has ended, however it did. */
  readonly ended: Promise<Error | undefined>;
  /** The largest message the server takes, as the bus counts it. */
  readonly maxBytes: number;
  readonly #connection: NatsConnection;
  readonly #onError: (error: unknown) => void;
  readonly #window: ConfirmWindow;
  readonly #limits: PipeLimits;
  readonly #inbox = new Inbox();
  readonly #copies = new ShortCopies();
  readonly #flushing = new Set<(confirmed: boolean) => void>();

  constructor(connection: NatsConnection, options: SessionOptions) {
    this.#connection = connection;
    this.#onError = options.onError;
    this.#limits = options.limits;
    this.maxBytes = Math.min(BUS_MAX_BYTES, connection.info?.max_payload ?? BUS_MAX_BYTES);
    this.#window = new ConfirmWindow(options.limits, () => this.#flush());
    this.ended = this.#untilEnd();
    this.#follow(connection.status()).catch(this.#onError);
    this.subscribe(this.#inbox.pattern, undefined, (message) => this.#inbox.receive(message));
  }

  /** Messages that may not have arrived. */
  get unconfirmed(): number {
    return this.#window.messages;
  }

  get alive(): boolean {
    return !this.#connection.isClosed();
  }

  /** False when too much is on the way to the server. */
  send(subject: string, data: Uint8Array, headers: Headers, bytes: number, reply?: string): boolean {
    if (!this.#window.admit(bytes)) return false;
    const encoded = encodeHeaders(headers);
    // nats.js keeps the bytes it is given until the end of this step.
    this.#connection.publish(subject, this.#copies.copy(data), {
      ...(reply === undefined ? {} : { reply }),
      ...(encoded === undefined ? {} : { headers: encoded }),
    });
    return true;
  }

  /** @param send As `send`, with the reply subject it is given. */
  request(subject: string, signal: AbortSignal, send: (reply: string) => boolean): Promise<Msg> {
    return this.#inbox.ask(subject, signal, (reply) => {
      if (this.#inbox.size > this.#limits.messages || !send(reply)) {
        throw new BarrageError("unavailable", `Cannot ask ${subject}: too many messages are waiting`);
      }
    });
  }

  subscribe(pattern: string, queue: string | undefined, receive: (message: Msg) => void): Listening {
    const subscription = this.#connection.subscribe(pattern, {
      ...(queue === undefined ? {} : { queue }),
      callback: (error, message) => {
        if (error !== null) {
          this.#onError(new Error(`Cannot listen on ${pattern}: the server refuses it`, { cause: error }));
          return;
        }
        // What is thrown here would end the reading of the whole connection.
        try {
          receive(message);
        } catch (thrown) {
          this.#onError(thrown);
        }
      },
    });
    return {
      end: () => subscription.unsubscribe(),
      drain: () => {
        // A connection that is closed has nothing on the way.
        subscription.drain().catch(() => {});
      },
    };
  }

  /** True when the server has taken in everything before; false when the connection ended first. */
  confirm(): Promise<boolean> {
    return this.#window.confirm();
  }

  /** Ends the waits for answers with `reason`. */
  refuse(reason: BarrageError): void {
    this.#inbox.end(reason);
  }

  /** Ends the connection at once, whatever state the server is in. */
  async close(): Promise<void> {
    await this.#connection.close();
    await this.ended;
  }

  #flush(): Promise<boolean> {
    if (!this.alive) return Promise.resolve(false);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const settle = (confirmed: boolean) => {
      this.#flushing.delete(settle);
      resolve(confirmed);
    };
    this.#flushing.add(settle);
    this.#connection.flush().then(() => settle(true), () => settle(false));
    return promise;
  }

  async #untilEnd(): Promise<Error | undefined> {
    const cause = await this.#connection.closed();
    this.#window.stop();
    this.#inbox.end(new BarrageError("unavailable", "Cannot await the answer: the bus got disconnected"));
    for (const settle of this.#flushing) settle(false);
    return cause instanceof Error ? cause : undefined;
  }

  async #follow(statuses: AsyncIterable<Status>): Promise<void> {
    for await (const status of statuses) {
      if (status.type === DebugEvents.StaleConnection) {
        // By itself nats.js would first write what waits, which a paused server does not take.
        await this.#connection.close();
      } else if (status.type === Events.Error) {
        const { operation, subject } = status.permissionContext ?? {};
        const what = operation === undefined ? "" : ` for ${operation} to ${subject}`;
        this.#onError(new Error(`The server reports ${status.data}${what}`));
      }
    }
  }
}
