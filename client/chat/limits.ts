/** What a client keeps at most. */
export interface ChatLimits {
  /** Own messages that wait or have failed: how many, and how many bytes together. */
  readonly unsentMax: number;
  readonly unsentMaxBytes: number;
  /** One message; the server takes no larger frame. */
  readonly messageMaxBytes: number;
  /** Older ones are not sent any more. */
  readonly unsentMaxMs: number;
  /** Messages of a conversation that somebody listens to or turns pages of, and of any other one. */
  readonly watchedMax: number;
  readonly unwatchedMax: number;
  /** Conversations that nobody listens to any more and that keep as many as if somebody did. */
  readonly wideMax: number;
  /** Conversations left that can still be looked at. */
  readonly goneMax: number;
}

export const DEFAULT_CHAT_LIMITS: ChatLimits = {
  unsentMax: 500,
  unsentMaxBytes: 2 * 1024 * 1024,
  messageMaxBytes: 60_000,
  unsentMaxMs: 7 * 24 * 60 * 60_000,
  watchedMax: 1_000,
  unwatchedMax: 50,
  wideMax: 20,
  goneMax: 100,
};
