import { type Answer, ask, type Dialect, type Heard } from "./dialect.ts";

/**
 * Engine.IO 4 over WebSocket, spoken raw: `0` opens, `40` connects, `42` is an event (with a number when it wants an
 * acknowledgement), `43` acknowledges, `2` and `3` are ping and pong.
 */
export const socketIo: Dialect = {
  path: "/socket.io/?EIO=4&transport=websocket",
  async enter(socket, _origin, room) {
    await ask(socket, undefined, (frame) => frame.startsWith("0") || undefined);
    await ask(socket, "40", (frame) => frame.startsWith("40") || undefined);
    await ask(socket, `420${JSON.stringify(["join", room])}`, readAnswer);
  },
  say: (room, id, text) => `42${id}${JSON.stringify(["say", room, text])}`,
  answer: readAnswer,
  heard: readHeard,
  // An unasked pong counts as one, and puts off the server's next ping.
  beat: "3",
};

function readAnswer(frame: string): Answer | undefined {
  if (!frame.startsWith("43")) return undefined;
  return { id: Number.parseInt(frame.slice(2), 10), accepted: true };
}

function readHeard(frame: string): Heard | undefined {
  if (!frame.startsWith('42["said"')) return undefined;
  return { said: [{ text: JSON.parse(frame.slice(2))[1].text, count: 1 }], dropped: 0 };
}
