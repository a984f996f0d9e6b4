import { NatsBus } from "actors/bus/nats.ts";
import { Cable } from "tests/support/cable.ts";
import { type NatsServerProcess, startNats } from "tests/support/nats.ts";
import { type BusRig, testBus } from "./bus_contract.ts";
import { stateOf } from "./nats_rig.ts";

let server: NatsServerProcess;

Deno.test.beforeAll(async () => {
  server = await startNats();
});

Deno.test.afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

async function openNats(connections: number): Promise<BusRig> {
  await using opened = new AsyncDisposableStack();
  const errors: unknown[] = [];
  const cables: Cable[] = [];
  const buses: NatsBus[] = [];
  for (let index = 0; index < connections; index++) {
    const cable = opened.use(new Cable(server.port));
    cables.push(cable);
    buses.push(opened.use(
      await NatsBus.connect({
        servers: [`nats://127.0.0.1:${cable.port}`],
        name: `bus ${index}`,
        onError: (error) => errors.push(error),
      }),
    ));
  }
  const owned = opened.move();
  return {
    buses,
    errors,
    async cut(index) {
      cables[index]?.pull();
      await stateOf(buses[index], "disconnected");
    },
    async restore(index) {
      cables[index]?.plug();
      await stateOf(buses[index], "connected");
    },
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  };
}

testBus("nats", openNats);
