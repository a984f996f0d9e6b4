import type { Catalogue } from "actors/ai/catalogue.ts";
import type { Bus } from "actors/bus/bus.ts";
import type { ActorNode } from "actors/runtime/node.ts";
import type { Storage } from "storage/storage.ts";
import { AiDesk } from "./ai_desk.ts";
import { AiHub } from "./ai_hub.ts";
import { ThreadDesk } from "./thread_desk.ts";

export interface AiGatewayOptions {
  readonly nodeId: string;
  readonly node: ActorNode;
  readonly bus: Bus;
  readonly storage: Pick<Storage, "answers" | "threads">;
  readonly catalogue: Catalogue;
}

/** What the sockets and streams of one node read of AI answers. */
export function openAiGateway({ nodeId, node, bus, storage, catalogue }: AiGatewayOptions) {
  const { answers, threads: stored } = storage;
  const hub = new AiHub({ nodeId, node, bus, clock: node.ports.clock });
  const threads = new ThreadDesk({ node, threads: stored, answers });
  const desk = new AiDesk({ node, hub, catalogue, threads });
  return { hub, threads, desk, [Symbol.dispose]: () => hub[Symbol.dispose]() };
}
