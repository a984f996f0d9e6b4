export interface GatewayLimits {
  readonly frameMaxBytes: number;
  readonly helloTimeoutMs: number;
  readonly heartbeatMs: number;
  readonly callsInFlight: number;
  readonly callsPerSecond: number;
  readonly callsBurst: number;
  readonly sendQueueMaxBytes: number;
  readonly connectionsMax: number;
  readonly connectionsPerAddress: number;
  readonly roomsPerConnection: number;
}

/** Frames that make no sense, before the socket is closed: this many at once, then one every five seconds. */
export const BAD_FRAMES = { burst: 20, perSecond: 0.2 };
/** Calls over the rate, before the socket is closed as a flood. */
export const STRIKES = { burst: 200, perSecond: 10 };
