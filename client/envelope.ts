import type { WireError } from "protocol/errors.ts";
import type { Notification } from "protocol/methods.ts";

export type Reply =
  | { readonly id: number | string | null; readonly result: unknown }
  | { readonly id: number | string | null; readonly error: WireError };

export type Incoming =
  | { readonly kind: "reply"; readonly reply: Reply }
  | { readonly kind: "notification"; readonly method: Notification; readonly params: unknown };

/** The messages in one frame; what is not JSON-RPC is left out. Unknown notifications pass, for apps newer than this. */
export function* messagesIn(frame: unknown): Generator<Incoming> {
  for (const message of Array.isArray(frame) ? frame : [frame]) {
    if (typeof message !== "object" || message === null) continue;
    if ("method" in message) {
      yield { kind: "notification", method: message.method, params: message.params };
    } else if ("id" in message && ("result" in message || "error" in message)) {
      yield { kind: "reply", reply: message };
    }
  }
}
