import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
// @ts-types="@types/oidc-provider"
import { Provider } from "oidc-provider";
import { z } from "zod";

/** An OpenID Connect provider with a page that lets anybody in as whoever he says he is. */
const { port, client } = z.object({
  port: z.int(),
  client: z.object({ id: z.string(), secret: z.string().optional(), inBody: z.boolean() }),
}).parse(JSON.parse(Deno.args[0] ?? ""));

const Person = z.object({
  sub: z.string(),
  claims: z.string().default("{}").transform((json) => JSON.parse(json)),
});
const told = new Map<string, Record<string, unknown>>();

// Listens first: the issuer has the port in it.
const server = createServer();
await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

const method = client.inBody ? "client_secret_post" : "client_secret_basic";

const provider: Provider = new Provider(issuer, {
  clientAuthMethods: [method, "none"],
  clients: [{
    client_id: client.id,
    ...(client.secret === undefined
      ? { token_endpoint_auth_method: "none" as const }
      : { client_secret: client.secret, token_endpoint_auth_method: method }),
    redirect_uris: [`http://127.0.0.1/v1/oidc/${client.id}/callback`],
  }],
  claims: { openid: ["sub"], profile: ["name", "preferred_username"], email: ["email"] },
  cookies: { keys: [crypto.randomUUID()] },
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_, { uid }) => `/interaction/${uid}` },
  findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub, ...told.get(sub) }) }),
  // Whoever signs in agrees.
  async loadExistingGrant({ oidc }) {
    const grant = new provider.Grant({
      clientId: oidc.client?.clientId ?? "",
      accountId: oidc.session?.accountId ?? "",
    });
    grant.addOIDCScope("openid profile email");
    await grant.save();
    return grant;
  },
});

// The server's port is not known yet: of a loopback address it does not count, as for native apps (RFC 8252, 7.3).
provider.Client.prototype.redirectUriAllowed = function (uri: string): boolean {
  const { origin, pathname, protocol, hostname } = new URL(uri);
  if (uri !== origin + pathname) return false;
  return this.redirectUris?.includes(`${protocol}//${hostname}${pathname}`) ?? false;
};

const FORM = `<!doctype html><title>Provider</title><form method="post">
<input name="sub" required><input name="claims" value="{}"><button>Sign in</button>
<button name="deny" value="1" formnovalidate>Deny</button></form>`;

// The library takes a secret from wherever it comes; many providers do not.
provider.use(async (context, next) => {
  const sent = context.headers.authorization !== undefined;
  if (context.path === "/token" && client.secret !== undefined && sent === client.inBody) context.throw(401);
  await next();
});

provider.use(async (context, next) => {
  if (!context.path.startsWith("/interaction/")) return await next();
  if (context.method === "GET") {
    context.type = "html";
    context.body = FORM;
    return;
  }
  const chunks: Uint8Array[] = [];
  for await (const chunk of context.req) chunks.push(chunk);
  const fields = Object.fromEntries(new URLSearchParams(await new Blob(chunks as BlobPart[]).text()));
  const result = fields["deny"] === undefined ? signIn(Person.parse(fields)) : {
    error: "access_denied",
    error_description: "<script>alert(1)</script>",
  };
  context.respond = false;
  await provider.interactionFinished(context.req, context.res, result);
});

function signIn({ sub, claims }: z.infer<typeof Person>) {
  told.set(sub, claims);
  return { login: { accountId: sub } };
}

const answer = provider.callback();
server.on("request", (request, response) => {
  if (request.url?.startsWith("/.well-known/")) console.log("asked for its metadata");
  return answer(request, response);
});
console.log(`listening on ${issuer}`);
