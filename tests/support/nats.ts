import { type NatsServerProcess, startNats } from "../../ops/servers/nats.ts";

export { type ConnectionFacts, NatsServerProcess, startNats } from "../../ops/servers/nats.ts";

/** Starts servers that form one cluster; resolves when each has a route to every other. */
export async function startNatsCluster(size = 3): Promise<NatsCluster> {
  await using started = new AsyncDisposableStack();
  const servers: NatsServerProcess[] = [];
  for (let index = 0; index < size; index++) {
    const ports = await Promise.all(servers.map((server) => server.routePort()));
    const routes = ports.map((port) => `"nats-route://127.0.0.1:${port}"`).join(", ");
    const config = [
      `server_name: "n${index}"`,
      `cluster { name: "test", listen: "127.0.0.1:-1", no_advertise: true, routes: [${routes}] }`,
    ];
    servers.push(started.use(await startNats({ config })));
  }
  await Promise.all(servers.map((server) => server.routed(size - 1)));
  const owned = started.move();
  return { servers, [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose]() };
}

export interface NatsCluster extends AsyncDisposable {
  readonly servers: readonly NatsServerProcess[];
}
