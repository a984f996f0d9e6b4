/** One connection of a device to some node. */
export interface Line {
  /**
   * `take` is called with the result as soon as it is there, before anything that comes after it is heard.
   * @throws {CallFailed}
   */
  call(method: string, params: Record<string, unknown>, take: (result: unknown) => void): Promise<void>;
  close(): void;
}

export interface Hearer {
  hear(method: string, params: unknown): void;
  /** The connection is gone; called once, unless the device has closed it itself. */
  lost(): void;
}

/** Connects and says hello. */
export type Dial = (hearer: Hearer) => Promise<Line>;

/** The connection was lost before an answer came. */
export const LOST = "lost";

export class CallFailed extends Error {
  override readonly name = "CallFailed";

  constructor(readonly reason: string, readonly retryAfterMs?: number) {
    super(`Cannot call: ${reason}`);
  }
}
