// The peer "Socket.IO": one room, message by message, with the in-memory adapter it ships with.
const { createServer } = require("node:http");
const { randomUUID } = require("node:crypto");
const { Server } = require("socket.io");

const server = createServer();
const io = new Server(server, { transports: ["websocket"], serveClient: false });

io.on("connection", (socket) => {
  const user = { id: randomUUID(), name: `guest ${io.engine.clientsCount}` };
  socket.on("join", (room, done) => {
    socket.join(room);
    done();
  });
  socket.on("say", (room, text, done) => {
    io.to(room).emit("said", { kind: "say", id: randomUUID(), user, text, at: Date.now() });
    done();
  });
});

server.listen({ host: "127.0.0.1", port: 0, backlog: 4096 }, () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
process.stdin.resume().on("end", () => process.exit());
