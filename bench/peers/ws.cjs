// The peer "ws": one room, message by message. Each message is encoded once and sent to everyone.
const { createServer } = require("node:http");
const { randomUUID } = require("node:crypto");
const { WebSocketServer } = require("ws");

const server = createServer();
const sockets = new WebSocketServer({ server, perMessageDeflate: false });
const room = new Set();

sockets.on("connection", (socket) => {
  const user = { id: randomUUID(), name: `guest ${room.size + 1}` };
  socket.on("close", () => room.delete(socket));
  socket.on("error", () => room.delete(socket));
  socket.on("message", (data) => {
    const { call, id, text } = JSON.parse(data.toString());
    if (call === "join") room.add(socket);
    if (call === "say") {
      const item = { kind: "say", id: randomUUID(), user, text, at: Date.now() };
      const message = Buffer.from(JSON.stringify({ event: "said", item }));
      for (const viewer of room) viewer.send(message, { binary: false });
    }
    socket.send(JSON.stringify({ id }));
  });
});

server.listen({ host: "127.0.0.1", port: 0, backlog: 4096 }, () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
process.stdin.resume().on("end", () => process.exit());
