import { Resealed } from "protocol/reports.ts";
import { type Arguments, type Group, numberOption, type Outcome, positionals } from "./command.ts";
import type { Server } from "./server.ts";

/** Pages between two words on how far it is. */
const TOLD_EVERY = 50;

async function reseal(server: Server, args: Arguments): Promise<Outcome> {
  positionals(args);
  const limit = numberOption(args, "limit", 1, 1_000);
  const { after: from } = args.options;
  let after = typeof from === "string" ? from : undefined;
  let [looked, resealed] = [0, 0];
  for (let pages = 1;; pages++) {
    const body = { limit, ...(after === undefined ? {} : { after }) };
    const page = await server.post("/v1/messages/reseal", body, Resealed);
    looked += page.looked;
    resealed += page.resealed;
    if (page.next === undefined) break;
    after = page.next;
    if (pages % TOLD_EVERY === 1) {
      args.progress(`Looked at ${looked}, sealed ${resealed} anew; goes on with --after ${after}`);
    }
  }
  return {
    data: { looked, resealed },
    text: `Looked at ${looked} texts, sealed ${resealed} anew`,
  };
}

export const messages: Group = {
  summary: "What members have written",
  commands: {
    reseal: {
      usage: "reseal [--after PLACE] [--limit 200]",
      summary:
        "Seal messages, reports, answers and threads with the newest of MESSAGE_KEYS; an older one can go when it is done",
      options: { after: { type: "string" }, limit: { type: "string", default: "200" } },
      run: reseal,
    },
  },
};
