// A method's parameter compares both ways, so that every platform's own event types fit; a function type's would not.
type Handler<Event> = { handle(event: Event): void }["handle"] | null;

/** The part of a WebSocket that the SDK uses; browsers, Deno, Node 22 and `ws` all fit. */
export interface SocketLike {
  binaryType: string;
  onopen: Handler<object>;
  onmessage: Handler<{ data: unknown }>;
  onclose: Handler<{ code: number; reason: string }>;
  onerror: Handler<object>;
  send(data: string | Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
}

export type SocketConstructor = new (url: string, protocols: string[]) => SocketLike;

/** @throws {TypeError} where there is none (Node 20). */
export function globalSocket(): SocketConstructor {
  const Socket = (globalThis as { WebSocket?: SocketConstructor }).WebSocket;
  if (!Socket) throw new TypeError("Cannot connect: no global WebSocket, pass one as the option `WebSocket`");
  return Socket;
}

/** `https://host/path` -> `wss://host/v1/ws`. */
export function socketUrl(base: string | URL): string {
  const url = new URL("/v1/ws", base);
  url.protocol = url.protocol === "https:" || url.protocol === "wss:" ? "wss:" : "ws:";
  return url.href;
}
