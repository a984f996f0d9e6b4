import { deepEqual, equal, rejects } from "node:assert/strict";
import { readProviders } from "routes/oidc/provider_file.ts";

const CORP = { id: "corp", name: "Corp", issuer: "https://id.example/realms/corp", clientId: "barrage" };
const SECRET = "hush-hush";

async function read(file?: unknown): Promise<unknown> {
  const folder = await Deno.makeTempDir({ prefix: "barrage-oidc-" });
  try {
    if (file !== undefined) {
      const text = typeof file === "string" ? file : JSON.stringify(file);
      await Deno.writeTextFile(`${folder}/oidc.json`, text, { mode: 0o600 });
    }
    return await readProviders(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("[A60] without the file there are no providers; scopes have a default", async () => {
  deepEqual(await read(), []);
  deepEqual(await read([]), []);
  deepEqual(await read([CORP]), [{ ...CORP, scopes: ["profile", "email"] }]);
  const full = { ...CORP, clientSecret: SECRET, scopes: ["openid"], issuer: "http://127.0.0.1:8080" };
  deepEqual(await read([full]), [full]);
});

Deno.test("[A60] what is wrong in the file is named by its place and never shown", async () => {
  const wrong: [unknown, string][] = [
    ["", "it is not JSON"],
    [`[{"clientSecret": "${SECRET}`, "it is not JSON"],
    [{ corp: CORP }, "it:"],
    [[{ ...CORP, clientSecrets: SECRET }], "0.clientSecrets is no setting"],
    [[CORP, { ...CORP, name: "Twice" }], "it: must not have two providers with one id"],
    [[{ ...CORP, id: "Corp/../x" }], "0.id:"],
    [[{ ...CORP, name: "" }], "0.name:"],
    [[{ ...CORP, clientId: "" }], "0.clientId:"],
    [[{ ...CORP, clientSecret: "" }], "0.clientSecret:"],
    [[{ ...CORP, scopes: ["open id"] }], "0.scopes.0:"],
    [[{ ...CORP, issuer: "http://id.example" }], "0.issuer:"],
    [[{ ...CORP, issuer: "ftp://id.example" }], "0.issuer:"],
    [[{ ...CORP, issuer: `https://corp:${SECRET}@id.example` }], "0.issuer:"],
    [[{ ...CORP, issuer: `https://id.example?key=${SECRET}` }], "0.issuer:"],
    [[{ ...CORP, issuer: "id.example" }], "0.issuer:"],
    [Array.from({ length: 33 }, (_, n) => ({ ...CORP, id: `corp-${n}` })), "it:"],
    [" ".repeat(65_537), "it is over 65536 bytes"],
  ];
  for (const [file, sentence] of wrong) {
    await rejects(read(file), (error: Error) => {
      equal(error.message.replace(/^Cannot use \S+oidc\.json: /, "").slice(0, sentence.length), sentence);
      return !error.message.includes(SECRET) && error.cause === undefined;
    });
  }
});
