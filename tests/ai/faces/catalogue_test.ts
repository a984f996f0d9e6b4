import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { Catalogue } from "actors/ai/catalogue.ts";
import type { CredentialRecord } from "storage/ai_storage.ts";
import { ulid } from "tests/support/room_stage.ts";
import { VirtualClock } from "tests/support/virtual_clock.ts";

function credential(n: number, model: string, contextTokens = 8_000): CredentialRecord {
  const use = { feature: "text", model, upstreamModel: model, contextTokens } as const;
  return {
    ...{ id: ulid(n), provider: "openai", label: `Key ${n}`, sealed: {}, keyVersion: 1 },
    ...{
      uses: [{ ...use, inFlightMax: 2, startsPerSecond: 2 }],
      state: "enabled",
      createdAt: 0,
      changedAt: 0,
    },
  };
}

function opened(...records: CredentialRecord[]) {
  const clock = new VirtualClock();
  const shelf = { records, reads: 0 };
  const list = () => {
    shelf.reads++;
    return Promise.resolve(shelf.records);
  };
  return { clock, shelf, catalogue: new Catalogue({ list }, clock) };
}

Deno.test("[AF14] a model that has just come can be asked at once", async () => {
  const { clock, shelf, catalogue } = opened(credential(1, "old"));
  await catalogue.list();
  await clock.advance(300);
  shelf.records = [credential(1, "old"), credential(2, "new")];
  strictEqual((await catalogue.find("text", "new")).model, "new");
  deepStrictEqual((await catalogue.list()).map(({ model }) => model), ["new", "old"]);
});

Deno.test("[AF14] what is not there is looked for now and then, however often it is asked for", async () => {
  const { clock, shelf, catalogue } = opened(credential(1, "old"));
  for (let n = 0; n < 100; n++) {
    await rejects(catalogue.find("text", `guess-${n}`), { reason: "not_found" });
    await clock.advance(10);
  }
  strictEqual(shelf.reads, 4);
});

Deno.test("[AF14] without a name it is the first one that the operators brought, with the least window of its keys", async () => {
  const { catalogue } = opened(credential(1, "echo"), credential(2, "m1"), credential(3, "m1", 4_000));
  deepStrictEqual(await catalogue.find("text", undefined), {
    ...{ feature: "text", model: "m1", contextTokens: 4_000 },
  });
  await rejects(catalogue.find("image", undefined), { reason: "not_found" });
});
