import type { BusVitals } from "actors/bus/vitals.ts";
import type { Feed } from "actors/bus/feed.ts";
import type { ActorNode } from "actors/runtime/node.ts";
import { type NodeReport, reportRuntime } from "actors/runtime/report.ts";
import type { EventStreams } from "./gateway/event_streams.ts";
import type { Gateway } from "./gateway/gateway.ts";
import type { Hub } from "./gateway/hub.ts";

export interface NodeReportParts {
  readonly node: ActorNode;
  readonly vitals: BusVitals;
  readonly gateway: Gateway;
  readonly streams: EventStreams;
  readonly hub: Hub;
  readonly feed: Pick<Feed, "counts"> | undefined;
}

export function reportNode({ node, vitals, gateway, streams, hub, feed }: NodeReportParts): NodeReport {
  return {
    ...reportRuntime(node),
    bus: vitals.report(),
    audience: {
      connections: gateway.connections,
      eventStreams: streams.size,
      viewers: hub.viewers,
      rooms: hub.rooms,
    },
    ...(feed === undefined ? {} : { feed: feed.counts }),
  };
}
