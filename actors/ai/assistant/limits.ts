/** Times in milliseconds. */
export interface AssistantLimits {
  /** Questions that may wait in one group or room, the one that is being answered included, and of these one user's. */
  readonly questionsMax: number;
  readonly perUserMax: number;
  /** How often it is looked how far an answer is. */
  readonly lookMs: number;
  /** For so long a question is asked again that the model, or the way to it, had no room for. */
  readonly patienceMs: number;
  /** Older questions are not answered any more. */
  readonly staleMs: number;
  /** After this a durable timer asks whether anything is still to be answered, on whatever node owns it then. */
  readonly wakeMs: number;
  /** So often at most it says that it cannot answer. */
  readonly complainMs: number;
  /** The newest messages of a group, or items of a room, that go along with a question if they fit. */
  readonly earlierMax: number;
  /** Tokens of one answer. */
  readonly groupTokens: number;
  readonly roomTokens: number;
  /** Messages that one answer in a group may take. */
  readonly messagesMax: number;
}

export const DEFAULT_ASSISTANT_LIMITS: AssistantLimits = {
  questionsMax: 20,
  perUserMax: 3,
  lookMs: 500,
  patienceMs: 30_000,
  staleMs: 900_000,
  wakeMs: 10_000,
  complainMs: 60_000,
  earlierMax: 60,
  groupTokens: 2_048,
  roomTokens: 256,
  messagesMax: 3,
};
