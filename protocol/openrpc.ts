import { z } from "zod";
import { ERRORS } from "./errors.ts";
import { METHODS, NOTIFICATIONS } from "./methods.ts";

type JsonSchema = z.core.JSONSchema.BaseSchema;

interface ContentDescriptor {
  readonly name: string;
  readonly required: boolean;
  readonly schema: JsonSchema | boolean;
}

interface OpenRpcMethod {
  readonly name: string;
  readonly summary: string;
  readonly tags: readonly { readonly name: "call" | "notification" }[];
  readonly paramStructure: "by-name";
  readonly params: readonly ContentDescriptor[];
  readonly result?: ContentDescriptor;
  readonly errors?: readonly { readonly $ref: string }[];
}

export interface OpenRpcDocument {
  readonly openrpc: "1.3.2";
  readonly info: {
    readonly title: string;
    readonly version: string;
    readonly license: { readonly name: string };
  };
  readonly methods: readonly OpenRpcMethod[];
  /** Apart, as some are named like the call they follow from, and names of methods must be unique. */
  readonly "x-notifications": readonly OpenRpcMethod[];
  readonly components: { readonly errors: Readonly<Record<string, OpenRpcError>> };
}

interface OpenRpcError {
  readonly code: number;
  readonly message: string;
  readonly data: { readonly reason: string; readonly retry: boolean };
}

/** The calls and notifications of the WebSocket as an OpenRPC 1.3 document (spec.open-rpc.org). */
export function openRpc(version: string): OpenRpcDocument {
  return {
    openrpc: "1.3.2",
    info: { title: "Barrage", version, license: { name: "Apache-2.0" } },
    methods: calls(),
    "x-notifications": notifications(),
    components: { errors: errors() },
  };
}

function calls(): OpenRpcMethod[] {
  const refs = Object.keys(ERRORS).map((reason) => ({ $ref: `#/components/errors/${reason}` }));
  return Object.entries(METHODS).map(([name, { summary, params, result }]) => ({
    name,
    summary,
    tags: [{ name: "call" }],
    paramStructure: "by-name",
    params: descriptors(schemaOf(params)),
    result: { name: "result", required: true, schema: schemaOf(result) },
    errors: refs,
  }));
}

/** A method without a result is a notification; these go from the server to the client. */
function notifications(): OpenRpcMethod[] {
  return Object.entries(NOTIFICATIONS).map(([name, { summary, params }]) => ({
    name,
    summary,
    tags: [{ name: "notification" }],
    paramStructure: "by-name",
    params: descriptors(schemaOf(params)),
  }));
}

function errors(): Record<string, OpenRpcError> {
  return Object.fromEntries(
    Object.entries(ERRORS).map(([reason, { code, title, retry }]) => [
      reason,
      { code, message: title, data: { reason, retry } },
    ]),
  );
}

// Draft 7 is what OpenRPC embeds. Always as input: as output every object would forbid the fields a later server may add.
function schemaOf(schema: z.ZodType): JsonSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: "input", target: "draft-7" });
  return rest;
}

function descriptors(schema: JsonSchema): ContentDescriptor[] {
  const variants = (schema.oneOf ?? schema.anyOf ?? [schema]) as JsonSchema[];
  const names = new Set(variants.flatMap(({ properties }) => Object.keys(properties ?? {})));
  return [...names].map((name) => ({
    name,
    required: variants.every(({ required }) => required?.includes(name) === true),
    schema: eitherOf(variants.flatMap(({ properties }) => schemaIn(properties, name))),
  }));
}

function eitherOf(schemas: readonly (JsonSchema | boolean)[]): JsonSchema | boolean {
  const different = [...new Map(schemas.map((schema) => [JSON.stringify(schema), schema])).values()];
  return different.length === 1 ? different[0]! : { anyOf: different as JsonSchema[] };
}

function schemaIn(properties: JsonSchema["properties"], name: string): (JsonSchema | boolean)[] {
  const schema = properties?.[name];
  return schema === undefined ? [] : [schema as JsonSchema | boolean];
}
