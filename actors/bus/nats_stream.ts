import { z } from "zod";

export interface StreamBounds {
  readonly name: string;
  readonly maxAgeMs: number;
  readonly maxBytes: number;
}

/** Every subject the feed publishes on. */
export const FEED_SUBJECTS = "barrage.v1.feed.>";
/** An id seen again within this time is a duplicate. Longer than a frame is tried for. */
export const DUPLICATES_MS = 120_000;

const NOT_FOUND = 404;
const Failure = z.object({ error: z.object({ code: z.number(), description: z.string() }) });
const Known = z.object({ config: z.looseObject({ subjects: z.array(z.string()).optional() }) });

/** One request to JetStream's interface and its answer, both JSON. */
export type AskStream = (subject: string, body: object | undefined) => Promise<unknown>;

/**
 * Makes the stream, or sets the bounds of the one that is there; what an operator has changed besides (copies,
 * storage, further subjects) stays.
 *
 * @throws {Error} when the stream cannot be used.
 */
export async function prepareStream(ask: AskStream, bounds: StreamBounds): Promise<void> {
  const { name } = bounds;
  const wanted = {
    max_age: nanoseconds(bounds.maxAgeMs),
    max_bytes: bounds.maxBytes,
    duplicate_window: nanoseconds(DUPLICATES_MS),
  };
  const found = await ask(`$JS.API.STREAM.INFO.${name}`, undefined);
  const missing = Failure.safeParse(found);
  if (missing.success && missing.data.error.code === NOT_FOUND) {
    const config = {
      name,
      description: "Room events of Barrage for programs downstream",
      subjects: [FEED_SUBJECTS],
      retention: "limits",
      discard: "old",
      storage: "file",
      num_replicas: 1,
      ...wanted,
    };
    return accept(name, await ask(`$JS.API.STREAM.CREATE.${name}`, config));
  }
  accept(name, found);
  const { config } = Known.parse(found);
  if (config.subjects?.includes(FEED_SUBJECTS) !== true) {
    throw new Error(`Cannot use stream ${name}: it is there already and keeps other subjects`);
  }
  if (Object.entries(wanted).every(([field, value]) => config[field] === value)) return;
  accept(name, await ask(`$JS.API.STREAM.UPDATE.${name}`, { ...config, ...wanted }));
}

function accept(name: string, answer: unknown): void {
  const failed = Failure.safeParse(answer);
  if (failed.success) throw new Error(`Cannot use stream ${name}: ${failed.data.error.description}`);
}

function nanoseconds(ms: number): number {
  return ms * 1e6;
}
