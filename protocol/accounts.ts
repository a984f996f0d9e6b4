import { z } from "zod";
import { Ulid } from "./ids.ts";
import { cleanText, codePoints } from "./text.ts";
import { DisplayName, User } from "./users.ts";

/**
 * The name somebody signs in with: 3-32 of a-z, 0-9, dot, dash and underscore, beginning with a letter or digit; upper
 * case is folded. No other letters, so no two of them look alike.
 */
export const Login = z.string().max(64).transform((login) => login.toLowerCase()).pipe(
  z.string().regex(/^[a-z0-9][a-z0-9._-]{2,31}$/, "must be 3-32 of a-z, 0-9, dot, dash, underscore"),
);

export const PASSWORD_MIN = 8;
/** Long enough for any passphrase, short enough that hashing it costs what hashing costs. */
export const PASSWORD_MAX_BYTES = 1_024;
const encoder = new TextEncoder();

/** Any characters, compared after NFKC as NIST SP 800-63B advises. */
export const Password = z.string().max(PASSWORD_MAX_BYTES).transform((password) => password.normalize("NFKC"))
  .refine(
    (password) => encoder.encode(password).length <= PASSWORD_MAX_BYTES,
    "must have at most 1024 bytes",
  );

export const NewPassword = Password.refine(
  (password) => codePoints(password) >= PASSWORD_MIN,
  `must have at least ${PASSWORD_MIN} characters`,
);

/** Who may see it. */
export const Audience = z.enum(["everyone", "members", "nobody"]);

export const Privacy = z.object({
  bio: Audience.default("everyone"),
  /** Whether others learn that the account is online, and when it was last. */
  presence: Audience.default("everyone"),
});
export type Privacy = z.infer<typeof Privacy>;

const Bio = z.string().max(4_096).transform(cleanText).refine(
  (bio) => codePoints(bio) <= 500,
  "must have at most 500 characters",
);
const AvatarUrl = z.url({ protocol: /^https$/ }).max(1_024);

export const UpdateProfile = z.strictObject({
  name: DisplayName,
  /** An empty one removes it. */
  avatarUrl: z.union([AvatarUrl, z.literal("")]),
  bio: Bio,
  privacy: Privacy.partial(),
}).partial();
export type UpdateProfile = z.infer<typeof UpdateProfile>;

/** What others see; fields that the account does not show to the asker are missing. */
export const Profile = User.extend({
  login: z.string(),
  avatarUrl: z.string().optional(),
  bio: z.string().optional(),
  createdAt: z.int(),
});
export type Profile = z.infer<typeof Profile>;

export const SiteRole = z.enum(["user", "operator"]);
export type SiteRole = z.infer<typeof SiteRole>;

export const ContactKind = z.enum(["email", "phone"]);
export type ContactKind = z.infer<typeof ContactKind>;

/** What the account itself sees. */
export const Account = Profile.extend({
  role: SiteRole,
  privacy: Privacy,
  /** False for those who only sign in with another provider. */
  hasPassword: z.boolean(),
  contacts: z.array(z.object({ kind: ContactKind, address: z.string() })),
  /** Other providers it can sign in with. */
  identities: z.array(z.object({ provider: z.string(), linkedAt: z.int() })),
});
export type Account = z.infer<typeof Account>;

/** One place where somebody is signed in. */
export const LoginSession = z.object({
  id: Ulid,
  /** As far as the browser tells: "Firefox on Linux". */
  device: z.string(),
  /** Its network, and its region where the server can tell. */
  place: z.string(),
  createdAt: z.int(),
  usedAt: z.int(),
  /** It ends at the latest then, whatever is refreshed. */
  endsAt: z.int(),
  current: z.boolean(),
});
export type LoginSession = z.infer<typeof LoginSession>;
export const LoginSessions = z.object({ sessions: z.array(LoginSession) });

/**
 * Browsers keep the tokens in cookies that scripts cannot read (`cookie`); programs without a cookie jar ask for them in
 * the answer (`body`).
 */
export const Transport = z.enum(["cookie", "body"]);
export type Transport = z.infer<typeof Transport>;

const transport = Transport.default("cookie");
/** What a program that keeps its own tokens sent and got before. */
const deviceToken = z.string().max(128).optional();

export const Register = z.strictObject({
  login: Login,
  password: NewPassword,
  name: DisplayName.optional(),
  transport,
  deviceToken,
});
export const SignIn = z.strictObject({
  login: z.string().min(1).max(256),
  password: Password,
  transport,
  deviceToken,
});
/** Both missing: they are in the cookies. */
export const Refresh = z.strictObject({ refreshToken: z.string().max(256).optional(), deviceToken });

/** The answer to whoever signs in or refreshes. */
export const SignedIn = z.object({
  user: User,
  session: Ulid,
  /** The access token: for `Authorization`, `session.hello` and `session.renew`. */
  token: z.string(),
  /** Milliseconds until the access token ends. */
  expiresInMs: z.int(),
  /** Milliseconds until the session ends for good, however often it is refreshed. */
  sessionEndsInMs: z.int(),
  /** Only with `transport: body`. */
  refreshToken: z.string().optional(),
  deviceToken: z.string().optional(),
});
export type SignedIn = z.infer<typeof SignedIn>;

export const ConfirmPassword = z.strictObject({ password: Password });
export const ChangePassword = z.strictObject({ current: Password.optional(), password: NewPassword });
