import type { NotificationParams } from "protocol/methods.ts";
import type { BarrageCallError } from "./errors.ts";
import type { ConnectionState } from "./state.ts";

export interface BarrageEvents {
  state: [ConnectionState];
  /** The server said that it will close this connection. */
  closing: [NotificationParams<"session.closing">];
  /** Something happened to the account that its owner should know of. */
  alert: [NotificationParams<"account.alert">];
  /** The server answered a call with an error, whether or not it is tried again. */
  refused: [BarrageCallError];
  /** A notification about an answer that is read over this link. */
  ai: [method: string, params: unknown];
  /** There is another link: what was read over the last one is not told over it. */
  linked: [];
}
