/** Times in milliseconds. */
export interface ConversationLimits {
  /** For so long after it was sent a message may be edited by its sender, and recalled. */
  readonly editMs: number;
  readonly recallMs: number;
  /** Messages to somebody who has never answered. */
  readonly strangerMessages: number;
  /** What one sender may send to one conversation: at once, and then a second. */
  readonly sendBurst: number;
  readonly sendPerSecond: number;
  readonly membersMax: number;
  readonly adminsMax: number;
  /** Who is invited, or waits for an admin. */
  readonly candidatesMax: number;
  /** In a group with more members nobody is told who is writing. */
  readonly typingMembersMax: number;
  /** Over so many conversations a user begins and joins no more; others may still write to him. */
  readonly perUser: number;
  /** The newest messages kept in memory, and as many ids of those that were sent. */
  readonly memoryMessages: number;
  /** For so long messages are kept; 0 for ever. */
  readonly retentionMs: number;
  /** Messages that one user may report in 24 hours. */
  readonly reportsPerDay: number;
  /** Senders whose rate is remembered at once. */
  readonly sendersMax: number;
}

const MINUTE_MS = 60_000;

export const DEFAULT_CONVERSATION_LIMITS: ConversationLimits = {
  editMs: 15 * MINUTE_MS,
  recallMs: 2 * MINUTE_MS,
  strangerMessages: 3,
  sendBurst: 20,
  sendPerSecond: 5,
  membersMax: 10_000,
  adminsMax: 50,
  candidatesMax: 1_000,
  typingMembersMax: 200,
  perUser: 1_000,
  memoryMessages: 100,
  retentionMs: 0,
  reportsPerDay: 20,
  sendersMax: 10_000,
};
