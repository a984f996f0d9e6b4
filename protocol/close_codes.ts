/**
 * Every way the server closes a WebSocket. The range is the client's rule, so a client needs no table of its own:
 * 4400-4449 do not reconnect, 4450-4499 reconnect and resume.
 */
export const CLOSE_CODES = {
  bad_protocol: { code: 4400, text: "Too many frames that cannot be understood" },
  hello_timeout: { code: 4401, text: "No session.hello in time" },
  unauthenticated: { code: 4402, text: "The token is not valid" },
  frame_too_large: { code: 4403, text: "A frame is over the size limit" },
  kicked: { code: 4404, text: "Removed by an operator" },
  flood: { code: 4405, text: "Far too many calls" },
  replaced: { code: 4406, text: "Too many sockets of one user" },
  heartbeat: { code: 4450, text: "Nothing heard for two heartbeats" },
  slow_reader: { code: 4451, text: "The reader does not keep up" },
  shutdown: { code: 4452, text: "The server is stopping" },
  overloaded: { code: 4453, text: "The server has no room for more sockets" },
  session_lost: { code: 4454, text: "The session is no longer held by this server" },
  token_expired: { code: 4455, text: "The token has run out; come back with a new one" },
} as const satisfies Record<string, { code: number; text: string }>;

export type CloseReason = keyof typeof CLOSE_CODES;

export function mayReconnect(code: number): boolean {
  return code < 4400 || code > 4449;
}
