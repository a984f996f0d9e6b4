/** One WebSocket message: text or binary. */
export type Frame = string | Uint8Array;

/** How values become frames. What `decode` returns is plain data, at most DEPTH_MAX deep, without `__proto__` keys. */
export interface Codec {
  readonly name: "json" | "msgpack";
  readonly subprotocol: string;
  encode(value: unknown): Frame;
  /** @throws {BarrageError} `parse`, saying what is wrong. */
  decode(frame: Frame): unknown;
  /**
   * A JSON-RPC notification around params that are JSON in UTF-8 already.
   * @throws {BarrageError} `parse` when the codec must read them and cannot.
   */
  wrapNotification(method: string, params: Uint8Array): Frame;
}
