import { z } from "zod";

/** What a provider tells of somebody that is not the proof itself; anything odd in it is as if it were not there. */
const told = z.string().max(1_024).optional().catch(undefined);

export const Claims = z.object({ name: told, preferred_username: told, email: told });
export type Claims = z.infer<typeof Claims>;

/** Who it is: a subject is unique at its issuer and never given to somebody else (OpenID Connect Core 1.0, 2). */
export const Proven = Claims.extend({
  iss: z.string().min(1).max(1_024),
  sub: z.string().min(1).max(255),
});
export type Proven = z.infer<typeof Proven>;
