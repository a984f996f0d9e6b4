import { UpstreamFault } from "actors/ai/provider.ts";
import { EVENT_CHARS_MAX, STREAM_BYTES_MAX } from "./limits.ts";
import { pause } from "./pause.ts";
import { faultOfStatus } from "./spark_faults.ts";

/** How long the other side may take to hang up when we have asked it to. */
const CLOSE_MS = 2_000;
/** The runtime tells the status of a refused handshake only inside a sentence. */
const STATUS = /status code: (\d{3})/i;

type Arrived =
  | { readonly kind: "frame"; readonly text: string }
  | { readonly kind: "closed"; readonly fault?: UpstreamFault };

/** One connection for one answer: what comes is read in its order, and its end is known. */
export class SparkSocket implements AsyncDisposable {
  readonly #socket: WebSocket;
  readonly #signal: AbortSignal;
  readonly #arrived: Arrived[] = [];
  readonly #closed = Promise.withResolvers<void>();
  // At once, whether anybody reads on or not.
  readonly #onAbort = () => {
    this.#socket.close();
    this.#wake();
  };
  #waiting: (() => void) | undefined;
  #opened = false;
  #fault: UpstreamFault | undefined;
  #chars = 0;

  /** @param url Signed: it must not get into any error. */
  constructor(url: string, message: string, signal: AbortSignal) {
    signal.throwIfAborted();
    this.#signal = signal;
    this.#socket = new WebSocket(url);
    this.#socket.onopen = () => {
      this.#opened = true;
      this.#socket.send(message);
    };
    this.#socket.onmessage = ({ data }) => this.#take(data);
    this.#socket.onerror = (event) => {
      const status = STATUS.exec(event instanceof ErrorEvent ? event.message : "")?.[1];
      if (!this.#opened && status !== undefined) this.#fault ??= faultOfStatus(Number(status));
    };
    this.#socket.onclose = () => this.#end();
    signal.addEventListener("abort", this.#onAbort);
  }

  /**
   * The next frame; undefined when the other side has hung up.
   * @throws {UpstreamFault} when there was no connection; the signal's reason when aborted.
   */
  async receive(): Promise<string | undefined> {
    while (this.#arrived.length === 0) {
      this.#signal.throwIfAborted();
      await new Promise<void>((resolve) => this.#waiting = resolve);
    }
    this.#signal.throwIfAborted();
    // The end stays, to be found again.
    const [next] = this.#arrived;
    if (next?.kind !== "closed") return (this.#arrived.shift() as { text: string }).text;
    if (next.fault !== undefined) throw next.fault;
    return undefined;
  }

  /** Resolves when the other side has hung up as well: by then it is done with the call. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#signal.removeEventListener("abort", this.#onAbort);
    if (this.#socket.readyState === WebSocket.CLOSED) return;
    this.#socket.close();
    const closed = new AbortController();
    this.#closed.promise.then(() => closed.abort());
    await pause(CLOSE_MS, closed.signal).catch(() => {});
  }

  #take(data: unknown): void {
    if (typeof data !== "string") return;
    this.#chars += data.length;
    if (data.length > EVENT_CHARS_MAX || this.#chars > STREAM_BYTES_MAX) {
      this.#fault ??= new UpstreamFault("malformed", "Spark's answer is too long");
      this.#socket.close();
      return;
    }
    this.#arrived.push({ kind: "frame", text: data });
    this.#wake();
  }

  #end(): void {
    const unreached = this.#opened
      ? undefined
      : new UpstreamFault("transient", "Spark cannot be reached, or hung up before the handshake");
    const fault = this.#fault ?? unreached;
    this.#arrived.push({ kind: "closed", ...(fault === undefined ? {} : { fault }) });
    this.#closed.resolve();
    this.#wake();
  }

  #wake(): void {
    this.#waiting?.();
    this.#waiting = undefined;
  }
}
