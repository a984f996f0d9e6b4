import { createRoute, z } from "@hono/zod-openapi";
import type { Cache } from "storage/cache/cache.ts";
import type { Storage } from "storage/storage.ts";
import type { BusVitals } from "actors/bus/vitals.ts";
import { SwitchName } from "protocol/switches.ts";
import type { ActorNode } from "actors/runtime/node.ts";
import { createHttpApp, json } from "./http_app.ts";
import type { Switchboard } from "./switches/switchboard.ts";

const Alive = z.object({ status: z.literal("ok") });
const Ready = z.object({
  status: z.enum(["ready", "not_ready"]),
  accepting: z.boolean().meta({
    description: "Whether new sockets are taken; false once the node begins to stop",
  }),
  shards: z.int().meta({ description: "Shards owned by this node" }),
  bus: z.enum(["connected", "disconnected"]),
  busSince: z.int().meta({ description: "Since when, in milliseconds since 1970-01-01 UTC" }),
  busDisconnects: z.record(z.string(), z.int()).meta({
    description: "How often each connection was lost, for being too slow a reader as well",
  }),
  busLost: z.int().meta({ description: "Messages lost, dropped, or on the way when a connection broke" }),
  database: z.enum(["reachable", "unreachable"]),
  cache: z.enum(["memory", "connected", "degraded"]).meta({
    description: "Does not count: a node serves without the shared cache",
  }),
  switches: z.array(SwitchName).meta({ description: "Those that are on, which do not count either" }),
});

const alive = createRoute({
  method: "get",
  path: "/healthz",
  summary: "Is the process alive",
  tags: ["operation"],
  responses: { 200: json(Alive, "It is") },
});

const ready = createRoute({
  method: "get",
  path: "/readyz",
  summary: "Does the node hold its lease and reach its stores",
  tags: ["operation"],
  responses: { 200: json(Ready, "It serves"), 503: json(Ready, "Send no traffic here") },
});

export interface HealthParts {
  readonly node: ActorNode;
  readonly vitals: BusVitals;
  readonly storage: Pick<Storage, "ping">;
  readonly cache: Pick<Cache, "state">;
  /** False from the moment a node begins to stop: whoever balances sockets must look elsewhere. */
  readonly gateway: { readonly accepting: boolean };
  readonly switches: Pick<Switchboard, "on">;
}

export function healthRoutes({ node, vitals, storage, cache, gateway, switches }: HealthParts) {
  return createHttpApp()
    .openapi(alive, (c) => c.json({ status: "ok" as const }, 200))
    .openapi(ready, async (c) => {
      const database = await storage.ping().then(() => "reachable" as const, () => "unreachable" as const);
      const shards = node.ownership.shards.length;
      // A node without shards of its own sends commands on to the others, if there is a bus to send them over.
      const serves = node.ownership.holds && (shards > 0 || node.remote !== undefined);
      const bus = vitals.report();
      const good = database === "reachable" && bus.state === "connected" && serves && gateway.accepting;
      const report = {
        accepting: gateway.accepting,
        shards,
        bus: bus.state,
        busSince: bus.since,
        busDisconnects: bus.disconnects,
        busLost: bus.lost + bus.dropped + bus.unconfirmed,
        database,
        cache: cache.state,
        switches: [...switches.on],
      };
      return good
        ? c.json({ status: "ready" as const, ...report }, 200)
        : c.json({ status: "not_ready" as const, ...report }, 503);
    });
}
