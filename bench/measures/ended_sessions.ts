import { CLOSE_CODES } from "protocol/close_codes.ts";
import { credentials, endSessions, register, signIn } from "../load/accounts.ts";
import { greet } from "../load/dialects/barrage.ts";
import { LoadSocket } from "../load/socket.ts";
import { Cluster } from "../servers/cluster.ts";

export interface EndingLoad {
  readonly nodes: number;
  readonly accounts: number;
  /** Of each account, with a socket on every node. */
  readonly sessions: number;
}

/** From the request that ends a session, in ms; Infinity for what never came. */
export interface Endings {
  readonly answeredMs: readonly number[];
  /** Of each socket. */
  readonly closedMs: readonly number[];
}

export interface EndedSessions {
  /** One session after the other. */
  readonly single: Endings;
  /** Of every account all sessions but one, all accounts at once. */
  readonly together: Endings;
}

interface Session {
  readonly id: string;
  readonly sockets: readonly LoadSocket[];
}

interface Member {
  readonly token: string;
  readonly sessions: readonly Session[];
}

const PATIENCE_MS = 10_000;
/** Signing in is not what is measured; and nobody sends heartbeats. */
const ENV = {
  PASSWORD_MEMORY_KIB: "8192",
  PASSWORD_ITERATIONS: "1",
  SESSIONS_PER_ACCOUNT: "1000",
  HEARTBEAT_MS: "300000",
};

/** Ends sessions through all nodes in turn, while every node holds a socket of each. */
export async function measureEndedSessions(
  load: EndingLoad,
  report: (line: string) => void,
): Promise<EndedSessions> {
  await using cluster = await Cluster.start({ nodes: load.nodes, env: ENV });
  const origins = cluster.nodes.map(({ url }) => url);
  const members: Member[] = [];
  for (let nth = 0; nth < load.accounts; nth++) {
    const { token } = await register(origins[nth % origins.length]!, credentials(nth));
    members.push({ token, sessions: [] });
  }
  report("ended sessions, one after the other");
  const single = await endOneByOne(origins, await openSessions(origins, members, load.sessions));
  report("ended sessions, all at once");
  const together = await endTogether(origins, await openSessions(origins, members, load.sessions));
  return { single, together };
}

async function openSessions(
  origins: readonly string[],
  members: readonly Member[],
  count: number,
): Promise<Member[]> {
  const opened: Member[] = [];
  for (const [nth, { token }] of members.entries()) {
    const sessions: Session[] = [];
    while (sessions.length < count) sessions.push(await openSession(origins, nth, sessions.length));
    opened.push({ token, sessions });
  }
  return opened;
}

async function openSession(origins: readonly string[], nth: number, turn: number): Promise<Session> {
  const signedIn = await signIn(origins[turn % origins.length]!, credentials(nth));
  if (signedIn === undefined) throw new Error("Cannot sign in: the node is overloaded");
  const sockets = await Promise.all(origins.map(async (origin) => {
    const socket = await LoadSocket.connect(`${origin}/v1/ws`);
    await greet(socket, signedIn.token);
    return socket;
  }));
  return { id: signedIn.session, sockets };
}

async function endOneByOne(origins: readonly string[], members: readonly Member[]): Promise<Endings> {
  const answeredMs: number[] = [];
  const closedMs: number[] = [];
  for (const { token, sessions } of members) {
    for (const { id, sockets } of sessions) {
      const origin = origins[answeredMs.length % origins.length]!;
      const since = performance.now();
      const ended = endSessions(origin, token, id).then(() => performance.now() - since);
      const [answered, ...closed] = await Promise.all([
        ended,
        ...sockets.map((each) => untilClosed(each, since)),
      ]);
      answeredMs.push(answered);
      closedMs.push(...closed);
    }
  }
  return { answeredMs, closedMs };
}

async function endTogether(origins: readonly string[], members: readonly Member[]): Promise<Endings> {
  const since = performance.now();
  const ended = members.map(async ({ token }, nth) => {
    await endSessions(origins[nth % origins.length]!, token);
    return performance.now() - since;
  });
  const sockets = members.flatMap(({ sessions }) => sessions.flatMap(({ sockets }) => sockets));
  const closed = sockets.map((socket) => untilClosed(socket, since));
  const [answeredMs, closedMs] = await Promise.all([Promise.all(ended), Promise.all(closed)]);
  return { answeredMs, closedMs };
}

async function untilClosed(socket: LoadSocket, since: number): Promise<number> {
  const patience = setTimeout(() => socket.close(), PATIENCE_MS);
  const code = await socket.closed.finally(() => clearTimeout(patience));
  if (code === undefined) return Infinity;
  if (code === CLOSE_CODES.unauthenticated.code) return performance.now() - since;
  throw new Error(`Cannot tell when the session ended: the socket was closed with ${code}`);
}
