import type { Item, SayStyle } from "protocol/items.ts";

export type SayItem = Extract<Item, { kind: "say" }>;
export type Position = NonNullable<SayStyle["position"]>;
