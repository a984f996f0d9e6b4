/** Where the connection stands. `closed` is final until `connect()` is called again. */
export type ConnectionState =
  | { readonly status: "idle" }
  | { readonly status: "connecting"; readonly attempt: number }
  | { readonly status: "open"; readonly user: { readonly id: string; readonly name: string } }
  /** `retryAt` by the SDK's clock (`performance.now()` unless given), `inMs` from the moment of the change. */
  | { readonly status: "waiting"; readonly retryAt: number; readonly inMs: number; readonly reason: string }
  | { readonly status: "closed"; readonly code: number; readonly reason: string };
