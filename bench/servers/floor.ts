/**
 * The floor: a bare `Deno.serve` whose only work is to send one ready-made frame to every socket, tick by tick.
 * What a server in Deno can reach at best with the same frames, sockets and rate. Arguments: tick in ms, frame.
 */
const tickMs = Number(Deno.args[0]);
const frame = Deno.args[1]!;
const sockets = new Set<WebSocket>();

Deno.serve({
  hostname: "127.0.0.1",
  port: 0,
  onListen: ({ port }) => console.log(`listening on http://127.0.0.1:${port}`),
}, (request) => {
  const { socket, response } = Deno.upgradeWebSocket(request);
  socket.onmessage = ({ data }) => {
    const { call, id } = JSON.parse(data);
    if (call === "join") sockets.add(socket);
    socket.send(JSON.stringify({ id }));
  };
  socket.onclose = () => sockets.delete(socket);
  return response;
});

setInterval(broadcast, tickMs);

function broadcast(): void {
  for (const socket of sockets) {
    if (socket.readyState === WebSocket.OPEN) socket.send(frame);
  }
}

await Deno.stdin.readable.pipeTo(new WritableStream());
Deno.exit();
