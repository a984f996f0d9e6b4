import { deepEqual, equal } from "node:assert/strict";
import { accountTable } from "./permissions/account.ts";
import { answerTable } from "./permissions/answer.ts";
import { budgetTable } from "./permissions/budget.ts";
import { conversationTable } from "./permissions/conversation.ts";
import { expected, type KindTable, verdictOf } from "./permissions/kind_table.ts";
import { lookupTable } from "./permissions/lookup.ts";
import { poolTable } from "./permissions/pool.ts";
import { roomTable } from "./permissions/room.ts";
import { sessionTable } from "./permissions/session.ts";
import { threadTable } from "./permissions/thread.ts";

const TABLES = [
  accountTable,
  answerTable,
  budgetTable,
  conversationTable,
  lookupTable,
  poolTable,
  roomTable,
  sessionTable,
  threadTable,
] as unknown as readonly KindTable[];

Deno.test("[U1] every kind of actor has a table of who may do what", async () => {
  const kinds: string[] = [];
  for (const folder of ["actors", "actors/ai"]) {
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      if (isDirectory && await exists(`${folder}/${name}/definition.ts`) && name !== "runtime") {
        kinds.push(name);
      }
    }
  }
  deepEqual(TABLES.map(({ definition }) => definition.kind).sort(), kinds.sort());
});

for (const { definition, callers, roles, rows, open } of TABLES) {
  const { kind, verbs } = definition;

  Deno.test(`[U1] the table of ${kind} has a row for every verb, and a caller for every role`, () => {
    deepEqual(Object.keys(rows).sort(), Object.keys(verbs).sort());
    deepEqual([...new Set(roles.played)].sort(), [...roles.known].sort());
  });

  for (const [verb, row] of Object.entries(rows)) {
    Deno.test(`[U1] [M2] who may call ${kind}.${verb}, and that others change nothing`, async () => {
      await using refusing = await open();
      const before = await refusing.state();
      for (const caller of callers.filter((caller) => !row.may.includes(caller))) {
        const verdict = await verdictOf(refusing.call(verb, caller));
        equal(verdict, expected(row, caller), `${caller} calls ${kind}.${verb}`);
        deepEqual(await refusing.state(), before, `${caller} changed something by ${kind}.${verb}`);
      }
      for (const caller of row.may) {
        await using actor = await open();
        equal(await verdictOf(actor.call(verb, caller)), "may", `${caller} calls ${kind}.${verb}`);
      }
    });
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
