import { z } from "zod";

/** A ULID (github.com/ulid/spec): 26 Crockford base-32 characters, upper case, sortable by time. */
export const Ulid = z.string().regex(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/, "must be a ULID").meta({
  description: "ULID",
  examples: ["01JD3Y4B6V8Q2Z5K7M9N0P1R2S"],
});

/** Chosen by the client; the same id again is the same message. */
export const ClientId = z.string().min(1).max(64).regex(
  /^[\x21-\x7e]+$/,
  "must be printable ASCII without spaces",
);
