import { getLogger } from "@logtape/logtape";
import { parseServer, RedisConnection, type RedisServer } from "./redis_connection.ts";

const IN_FLIGHT_MAX = 1_000;
const PAUSE_MS = 250;
const PAUSE_MAX_MS = 5_000;

const log = getLogger(["barrage", "cache"]);

type State =
  | { readonly kind: "opening" }
  | { readonly kind: "connected"; readonly connection: RedisConnection }
  | { readonly kind: "waiting"; readonly timer: ReturnType<typeof setTimeout> }
  | { readonly kind: "closed" };

/**
 * A connection to the server while there is one. The first command that fails or takes too long ends it, and until
 * another connection has proved itself, in the background, commands are turned away at once: a server that is gone or
 * hangs costs one timeout, not one for each command. Attempts get rarer while no command succeeds.
 */
export class RedisLink implements AsyncDisposable {
  readonly #server: RedisServer;
  readonly #now: () => number;
  readonly #open = new Set<RedisConnection>();
  #state: State = { kind: "opening" };
  #attempt: Promise<void> = Promise.resolve();
  #failures = 0;
  #inFlight = 0;
  #errors = 0;
  #said: "connected" | "degraded" | undefined;

  private constructor(server: RedisServer, now: () => number) {
    this.#server = server;
    this.#now = now;
  }

  /** Resolves after the first attempt to connect, whether or not it succeeded. `now`: milliseconds, monotonic. */
  static async start(url: string, now: () => number): Promise<RedisLink> {
    const link = new RedisLink(parseServer(url), now);
    link.#attempt = link.#connect();
    await link.#attempt;
    return link;
  }

  get connected(): boolean {
    return this.#state.kind === "connected";
  }

  get errors(): number {
    return this.#errors;
  }

  /** Undefined when there is no connection, when too much is on the way already, and when the command failed. */
  async run<T>(
    command: (connection: RedisConnection) => Promise<T>,
  ): Promise<{ readonly answer: T } | undefined> {
    if (this.#state.kind !== "connected" || this.#inFlight >= IN_FLIGHT_MAX) return undefined;
    const { connection } = this.#state;
    this.#inFlight++;
    try {
      const answer = await command(connection);
      this.#failures = 0;
      return { answer };
    } catch (error) {
      this.#errors++;
      this.#lose(connection, error);
      return undefined;
    } finally {
      this.#inFlight--;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#state.kind === "waiting") clearTimeout(this.#state.timer);
    this.#state = { kind: "closed" };
    await Promise.all([...this.#open].map((connection) => connection.close()));
    await this.#attempt;
  }

  async #connect(): Promise<void> {
    const connection = new RedisConnection(this.#server, this.#now);
    this.#open.add(connection);
    connection.ended.then(() => {
      this.#open.delete(connection);
      this.#lose(connection, new Error("The server hung up"));
    });
    try {
      await connection.open();
      if (this.#state.kind === "closed") return;
      this.#state = { kind: "connected", connection };
      this.#say("connected");
    } catch (error) {
      await connection.close();
      if (this.#state.kind !== "closed") this.#wait(error);
    }
  }

  #lose(connection: RedisConnection, error: unknown): void {
    if (this.#state.kind !== "connected" || this.#state.connection !== connection) return;
    void connection.close();
    this.#wait(error);
  }

  #wait(error: unknown): void {
    const pauseMs = Math.min(PAUSE_MS * 2 ** this.#failures, PAUSE_MAX_MS);
    this.#failures++;
    const timer = setTimeout(() => {
      this.#state = { kind: "opening" };
      this.#attempt = this.#connect();
    }, pauseMs * (0.5 + Math.random() / 2));
    this.#state = { kind: "waiting", timer };
    this.#say("degraded", error);
  }

  #say(state: "connected" | "degraded", error?: unknown): void {
    if (this.#said === state) return;
    this.#said = state;
    const { label } = this.#server;
    if (state === "connected") log.info("The cache {label} is connected", { label });
    // Not the error itself: it carries the command with its arguments, a password among them.
    else log.warn("The cache {label} is not used: {why}", { label, why: why(error) });
  }
}

function why(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof AggregateError && error.errors.length > 0) return why(error.errors[0]);
  return error.message || error.name;
}
