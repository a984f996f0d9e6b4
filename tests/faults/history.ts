/** What a client did and saw, told by the client itself. The checker reads nothing else. */
export interface History {
  readonly messages: readonly Message[];
  readonly viewers: readonly ViewerHistory[];
  readonly sockets: readonly SocketHistory[];
  /** What the cluster itself has kept of each room, read at the end. */
  readonly logs: ReadonlyMap<string, readonly Entry[]>;
}

export interface Entry {
  readonly offset: number;
  readonly id: string;
  readonly text: string;
  readonly count: number;
}

export type Outcome =
  | { readonly kind: "open" }
  | { readonly kind: "acked"; readonly at: number }
  /** The client was told that it was not taken in. */
  | { readonly kind: "refused"; readonly reason: string }
  /** It may have been taken in or not. */
  | { readonly kind: "unknown"; readonly reason: string };

/** One time that a message went out on a socket. */
export interface Sending {
  /** Counts the sockets of the client. */
  readonly socket: number;
  /** Milliseconds on the monotonic clock of the suite, as all times here. */
  readonly at: number;
  /** `ok` or the reason of the error; undefined when none came. */
  readonly answer: string | undefined;
  readonly answeredAt: number | undefined;
}

/** One message of one sender, however often it was sent. */
export interface Message {
  readonly sender: string;
  readonly room: string;
  /** Grows from message to message of this sender. */
  readonly place: number;
  readonly text: string;
  /** When its sender wanted it said. */
  readonly at: number;
  /** In order; the SDK repeats by itself what it may. */
  readonly sendings: readonly Sending[];
  readonly outcome: Outcome;
}

export type Sight =
  | { readonly kind: "item"; readonly entry: Entry }
  /** The viewer was told that something is missing here; how much, where known. */
  | { readonly kind: "missing"; readonly count: number | undefined };

export interface ViewerHistory {
  readonly viewer: string;
  readonly room: string;
  readonly sights: readonly Sight[];
}

/** One WebSocket from its opening to its end, as it was on the wire. */
export interface SocketHistory {
  readonly client: string;
  /** Frames of a room whose epoch was lower than that of a frame before. */
  readonly epochsBack: readonly { readonly room: string; readonly from: number; readonly to: number }[];
  /** Calls that got no answer though the socket stayed open for longer than an answer may take. */
  readonly unanswered: readonly { readonly method: string; readonly ms: number }[];
}
