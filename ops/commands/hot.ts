import { HotCards } from "protocol/hot.ts";
import { type Arguments, type Group, numberOption, type Outcome } from "./command.ts";
import type { Server } from "./server.ts";
import { table } from "./table.ts";

async function list(server: Server, args: Arguments): Promise<Outcome> {
  const limit = args.options.limit === undefined ? 20 : numberOption(args, "limit", 1, 100);
  const hot = await server.get(`/v1/hot-cards?limit=${limit}`, HotCards);
  const rows = hot.cards.map(({ entity, id, perSecond, error }) => [
    ...[entity, id, perSecond.toFixed(1), error === 0 ? "" : `-${error.toFixed(1)}`],
  ]);
  return { data: hot, text: table(["WHAT", "ID", "READS/S", "AT MOST"], rows, "Nothing is read") };
}

const command = {
  usage: "list [--limit 20]",
  summary: "List the users and rooms that are read most, over all nodes",
  options: { limit: { type: "string", default: "20" } },
  run: list,
} as const;

export const hot: Group = {
  summary: "What is read most",
  commands: { list: command },
};
