import { barrage } from "./barrage.ts";
import type { Dialect } from "./dialect.ts";
import { plain } from "./plain.ts";
import { socketIo } from "./socket_io.ts";

export const DIALECTS = { barrage, plain, socketIo } as const satisfies Record<string, Dialect>;

export type DialectName = keyof typeof DIALECTS;
