import { type Answer, ask, type Dialect, type Heard } from "./dialect.ts";

/** The dialect of the peer `ws` and of the floor, which have none of their own. */
export const plain: Dialect = {
  path: "/",
  async enter(socket) {
    await ask(socket, JSON.stringify({ call: "join", id: 0 }), readAnswer);
  },
  say: (_room, id, text) => JSON.stringify({ call: "say", id, text }),
  answer: readAnswer,
  heard: readHeard,
};

function readAnswer(frame: string): Answer | undefined {
  if (!frame.startsWith('{"id":')) return undefined;
  return { id: JSON.parse(frame).id, accepted: true };
}

function readHeard(frame: string): Heard | undefined {
  if (!frame.startsWith('{"event":"said"')) return undefined;
  return { said: [{ text: JSON.parse(frame).item.text, count: 1 }], dropped: 0 };
}
