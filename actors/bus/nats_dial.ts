import { createConnection } from "node:net";
import { connect, ErrorCode, type NatsConnection, NatsError } from "nats";
import { hearLateErrors } from "./nats_transport.ts";

export interface NatsServer {
  /** For messages and logs: without user, password or token. */
  readonly label: string;
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  readonly credentials:
    | { readonly user: string; readonly pass: string }
    | { readonly token: string }
    | undefined;
}

export interface DialOptions {
  readonly name: string;
  readonly timeoutMs: number;
  readonly pingIntervalMs: number;
  readonly signal: AbortSignal;
}

const DEFAULT_PORT = 4_222;
// With so many pings unanswered, the time of the next one ends the connection.
const PINGS_OUT = 2;

hearLateErrors();

/** Reads `nats://` and `tls://` URLs, with `user:password@` or `token@` before the host where needed. */
export function parseServer(url: string): NatsServer {
  const parsed = URL.parse(url);
  if (parsed === null || parsed.hostname === "" || !["nats:", "tls:"].includes(parsed.protocol)) {
    // The URL may hold a password.
    throw new TypeError(
      "Cannot read the URL of a NATS server: it must be nats://HOST:PORT or tls://HOST:PORT",
    );
  }
  const { protocol, hostname, username, password } = parsed;
  const port = parsed.port === "" ? DEFAULT_PORT : Number(parsed.port);
  const user = decodeURIComponent(username);
  return {
    label: `${protocol}//${hostname}:${port}`,
    host: hostname.replace(/^\[|\]$/g, ""),
    port,
    tls: protocol === "tls:",
    credentials: user === ""
      ? undefined
      : password === ""
      ? { token: user }
      : { user, pass: decodeURIComponent(password) },
  };
}

/** @throws {Error} with a sentence that names the server and the reason. */
export async function dial(server: NatsServer, options: DialOptions): Promise<NatsConnection> {
  const { name, timeoutMs, pingIntervalMs, signal } = options;
  try {
    await greeted(server, AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]));
    const connection = await connect({
      servers: server.host.includes(":")
        ? `[${server.host}]:${server.port}`
        : `${server.host}:${server.port}`,
      name,
      timeout: timeoutMs,
      pingInterval: pingIntervalMs,
      maxPingOut: PINGS_OUT,
      noAsyncTraces: true,
      ignoreClusterUpdates: true,
      // A connection of nats.js is used up when it ends, and NatsLink makes the next. Left to reconnect by itself,
      // nats.js keeps every attempt that found the server paused; when the server goes on, they tear down the good
      // connection, and then several of them deliver the same messages.
      reconnect: false,
      ...(server.tls ? { tls: {} } : {}),
      ...server.credentials,
    });
    if (connection.info?.headers !== true) {
      await connection.close();
      throw new Error("It has headers turned off");
    }
    return connection;
  } catch (error) {
    throw new Error(`Cannot connect to ${server.label}: ${why(error)}`, { cause: error });
  }
}

/**
 * Waits for the server's first word on a connection of its own. nats.js cannot close one on which the server says
 * nothing, so it must not meet a server that is paused.
 */
async function greeted(server: NatsServer, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const socket = createConnection({ host: server.host, port: server.port });
  const abort = () => reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  socket.once("data", () => resolve());
  socket.on("error", reject);
  socket.once("close", () => reject(new Error("It hung up")));
  try {
    signal.throwIfAborted();
    await promise;
  } finally {
    signal.removeEventListener("abort", abort);
    socket.destroy();
  }
}

function why(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError") return "it does not answer";
  if (error instanceof NatsError && error.code === ErrorCode.ServerOptionNotAvailable) {
    return `it does not offer ${error.message}`;
  }
  return inSentence(error.message.replace(/^'|'$/g, ""));
}

/** Our own reasons begin with a capital letter as errors do, and go on small inside a sentence. */
export function inSentence(text: string): string {
  return text.replace(/^It /, "it ");
}
