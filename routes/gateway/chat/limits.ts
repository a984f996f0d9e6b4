export interface ChatLimits {
  /** Conversations that one sync asks at a time. */
  readonly syncAtOnce: number;
  /** A new device gets so many messages of each conversation, and asks for older ones when somebody looks. */
  readonly firstMessages: number;
  /** Users that one socket may watch. */
  readonly presenceMax: number;
}

export const DEFAULT_CHAT_LIMITS: ChatLimits = { syncAtOnce: 16, firstMessages: 20, presenceMax: 200 };
