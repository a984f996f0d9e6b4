import { z } from "zod";
import { AiKey, AiKeys, AiKeysResealed, AiKeyTested, AiProviders, AiUsageSums } from "protocol/ai_keys.ts";
import { Feature, ModelName } from "protocol/ai.ts";
import { Ulid } from "protocol/ids.ts";
import {
  type Arguments,
  type Group,
  numberOption,
  type Outcome,
  positionals,
  UsageError,
} from "./command.ts";
import { readSecret } from "./secret_input.ts";
import type { Server } from "./server.ts";
import { table, time } from "./table.ts";

/** A test waits for a slot, and for the provider. */
const TEST_MS = 60_000;

async function add(server: Server, args: Arguments): Promise<Outcome> {
  const [provider, label] = positionals(args, "provider", "label");
  const { "base-url": baseUrl, use } = args.options;
  if (typeof use !== "string") throw new UsageError("Give --use, as in --use text:gpt-4o");
  const limits = {
    inFlightMax: numberOption(args, "in-flight", 1, 10_000),
    startsPerSecond: numberOption(args, "per-second", 1, 10_000),
    contextTokens: numberOption(args, "context", 256, 100_000_000),
  };
  const uses = use.split(",").map((one) => ({ ...useOf(one.trim()), ...limits }));
  const secret = await readSecret(args.secrets, await fieldsOf(server, provider));
  const body = { provider, label, secret, uses, ...(typeof baseUrl === "string" && { baseUrl }) };
  const data = await server.post("/v1/ai/keys", body, AiKey);
  return { data, text: `Added ${data.id}` };
}

/** `text:gpt-4o`, or `text:fast=gpt-4o-mini` when callers are to know it by another name. */
function useOf(text: string) {
  const [, feature, model, upstreamModel] = /^([a-z]+):([^=]+)(?:=(.+))?$/.exec(text) ?? [];
  if (!Feature.safeParse(feature).success || !ModelName.safeParse(model).success) {
    const features = Feature.options.join(", ");
    throw new UsageError(
      `Cannot use ${JSON.stringify(text)}: give FEATURE:MODEL, the feature of ${features}`,
    );
  }
  return { feature, model, ...(upstreamModel !== undefined && { upstreamModel }) };
}

/** As it was typed. */
function nameOf({ feature, model, upstreamModel }: AiKey["uses"][number]): string {
  return `${feature}:${model}${upstreamModel === model ? "" : `=${upstreamModel}`}`;
}

async function fieldsOf(server: Server, provider: string): Promise<readonly string[]> {
  const { providers } = await server.get("/v1/ai/providers", AiProviders);
  const found = providers.find(({ name }) => name === provider);
  if (found !== undefined) return found.secretFields;
  const known = providers.map(({ name }) => name).join(", ");
  throw new UsageError(`Cannot use the provider ${JSON.stringify(provider)}: it is one of ${known}`);
}

async function list(server: Server, args: Arguments): Promise<Outcome> {
  positionals(args);
  const data = await server.get("/v1/ai/keys", AiKeys);
  const rows = data.keys.map(({ id, label, provider, state, uses, builtIn, changedAt }) => [
    ...[id, label, provider, state],
    uses.map(nameOf).join(","),
    uses.map(({ inFlightMax, startsPerSecond }) => `${inFlightMax}/${startsPerSecond}`).join(","),
    builtIn ? "built in" : time(changedAt),
  ]);
  const columns = ["ID", "LABEL", "PROVIDER", "STATE", "USES", "IN FLIGHT/PER SECOND", "CHANGED"];
  return { data, text: table(columns, rows, "No AI keys") };
}

function setState(state: "enabled" | "disabled") {
  return async (server: Server, args: Arguments): Promise<Outcome> => {
    const data = await server.patch(`/v1/ai/keys/${idOf(args)}`, { state }, AiKey);
    return { data, text: `${data.id} is ${data.state} now` };
  };
}

async function rotate(server: Server, args: Arguments): Promise<Outcome> {
  const id = idOf(args);
  const { "base-url": baseUrl } = args.options;
  const { provider } = await server.get(`/v1/ai/keys/${id}`, AiKey);
  const secret = await readSecret(args.secrets, await fieldsOf(server, provider));
  const body = { secret, ...(typeof baseUrl === "string" && { baseUrl }) };
  const data = await server.post(`/v1/ai/keys/${id}/rotate`, body, AiKey);
  return { data, text: `${id} has a new secret` };
}

async function test(server: Server, args: Arguments): Promise<Outcome> {
  const id = idOf(args);
  const { use } = args.options;
  const { feature: wanted, model: named } = typeof use === "string" ? useOf(use) : {};
  const body = { feature: wanted, model: named };
  const data = await server.post(`/v1/ai/keys/${id}/test`, body, AiKeyTested, TEST_MS);
  const { ok, feature, model, fault = "not tried", code } = data;
  const why = code === undefined ? fault : `${fault} (${code})`;
  return { data, text: `${feature}:${model} ${ok ? "works" : `does not work: ${why}`}`, failed: !ok };
}

async function remove(server: Server, args: Arguments): Promise<Outcome> {
  const id = idOf(args);
  await server.delete(`/v1/ai/keys/${id}`, z.undefined());
  return { data: { id }, text: `Removed ${id}` };
}

async function reseal(server: Server, args: Arguments): Promise<Outcome> {
  positionals(args);
  const { after: from } = args.options;
  let after = typeof from === "string" ? from : undefined;
  let [looked, resealed] = [0, 0];
  for (;;) {
    const body = { limit: 100, ...(after !== undefined && { after }) };
    const page = await server.post("/v1/ai/keys/reseal", body, AiKeysResealed);
    looked += page.looked;
    resealed += page.resealed;
    if (page.next === undefined) break;
    after = page.next;
    args.progress(`Looked at ${looked}, sealed ${resealed} anew; goes on with --after ${after}`);
  }
  return { data: { looked, resealed }, text: `Looked at ${looked} AI keys, sealed ${resealed} anew` };
}

async function usage(server: Server, args: Arguments): Promise<Outcome> {
  positionals(args);
  const query = new URLSearchParams();
  for (const name of ["from", "to"]) {
    const given = args.options[name];
    if (typeof given !== "string") continue;
    const at = Date.parse(given);
    if (Number.isNaN(at)) throw new UsageError(`Cannot use --${name}: give a date, as in 2026-11-21`);
    query.set(name, String(at));
  }
  const data = await server.get(`/v1/ai/usage?${query}`, AiUsageSums);
  const rows = data.usage.map((sum) => [
    ...[sum.label ?? sum.key, `${sum.feature}:${sum.model}`],
    ...[sum.attempts, sum.promptTokens, sum.completionTokens].map(String),
  ]);
  if (rows.length > 1) {
    rows.push(["", "all", ...[data.attempts, data.promptTokens, data.completionTokens].map(String)]);
  }
  const text = table(["KEY", "USE", "CALLS", "PROMPT TOKENS", "ANSWER TOKENS"], rows, "No usage");
  return { data, text: `${time(data.from)} to ${time(data.to)}\n${text}` };
}

function idOf(args: Arguments): string {
  const [id] = positionals(args, "id of the AI key");
  if (!Ulid.safeParse(id).success) throw new UsageError("Cannot use the id: `ai key list` shows ids");
  return id;
}

const baseUrl = { "base-url": { type: "string" } } as const;

export const ai: Group = {
  summary: "Keys of AI providers, and what they cost",
  commands: {
    "key add": {
      usage: "key add <provider> <label> --use text:MODEL[=THEIR NAME],... [--base-url URL] " +
        "[--in-flight 2] [--per-second 2] [--context 128000]",
      summary: "Keep a key; its secret is asked for, or piped in, and never shown again",
      options: {
        ...baseUrl,
        use: { type: "string" },
        "in-flight": { type: "string", default: "2" },
        "per-second": { type: "string", default: "2" },
        context: { type: "string", default: "128000" },
      },
      run: add,
    },
    "key list": { usage: "key list", summary: "List the keys, without their secrets", run: list },
    "key disable": {
      usage: "key disable <id>",
      summary: "Lend it no more; calls under way end",
      run: setState("disabled"),
    },
    "key enable": { usage: "key enable <id>", summary: "Lend it again", run: setState("enabled") },
    "key rotate": {
      usage: "key rotate <id> [--base-url URL]",
      summary: "Give it another secret, asked for or piped in",
      options: baseUrl,
      run: rotate,
    },
    "key test": {
      usage: "key test <id> [--use text:MODEL]",
      summary: "Try it with one cheap call",
      options: { use: { type: "string" } },
      run: test,
    },
    "key remove": { usage: "key remove <id>", summary: "Remove it", run: remove },
    "key reseal": {
      usage: "key reseal [--after ID]",
      summary: "Seal all secrets with the newest of AI_KEYS; an older one can go when it is done",
      options: { after: { type: "string" } },
      run: reseal,
    },
    usage: {
      usage: "usage [--from 2026-11-21] [--to 2026-11-22]",
      summary: "What answers have cost, by key and model; of the last day unless told otherwise",
      options: { from: { type: "string" }, to: { type: "string" } },
      run: usage,
    },
  },
};
