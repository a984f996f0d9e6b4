import { deepEqual, equal, ok } from "node:assert/strict";
import { importsOf, packageOf, readSources, resolveImport, type SourceFile } from "tests/source_files.ts";

const sources = await readSources();
const aliases: Record<string, string> = JSON.parse(await Deno.readTextFile("deno.json")).imports;
const server = sources.filter(({ path }) => !/^(tests|bench|ops)\//.test(path));

/** What a folder may use. A target is a folder with its slash, or one file. */
interface Border {
  readonly values: readonly string[];
  /** In addition, as types only. */
  readonly types?: readonly string[];
  /** Packages; when absent, all but those of TECHNOLOGIES. */
  readonly packages?: readonly string[];
}

const PORTS = [
  "storage/storage.ts",
  "storage/account_storage.ts",
  "storage/conversation_storage.ts",
  "storage/report_storage.ts",
  "storage/last_seen_storage.ts",
  "storage/ai_storage.ts",
  "storage/card_storage.ts",
  "storage/switch_storage.ts",
  "storage/cache/cache.ts",
  "storage/cache/versioned_cache.ts",
  "senders/code_sender.ts",
];

/** What browsers share with the server: it imports nothing, so it drags nothing along, and a copy would grow apart. */
const LEAVES = ["protocol/errors.ts", "protocol/close_codes.ts", "protocol/pairs.ts", "protocol/text.ts"];

const BORDERS: Readonly<Record<string, Border>> = {
  "protocol/": { values: ["protocol/"], packages: ["zod", "@msgpack/msgpack", "@std/ulid"] },
  "storage/": { values: ["storage/", "protocol/"] },
  "senders/": { values: ["senders/", "protocol/"] },
  "providers/": { values: ["providers/", "protocol/", "actors/ai/provider.ts"] },
  "actors/": { values: ["actors/", "protocol/", ...PORTS] },
  "routes/": { values: ["routes/", "actors/", "protocol/", ...PORTS], types: ["config.ts"] },
  "client/chat/file_outbox_store.ts": { values: ["client/"], packages: ["node:fs", "node:path"] },
  "client/": { values: ["client/", ...LEAVES], types: ["protocol/"], packages: ["@msgpack/msgpack"] },
  "web/": { values: ["web/", "client/", ...LEAVES], types: ["protocol/"], packages: ["danmaku", "marked"] },
  "config.ts": { values: ["settings.ts", "settings/"], packages: [] },
  "settings.ts": { values: ["settings/"], packages: ["zod", "ipaddr.js"] },
  "settings/": { values: ["settings/"], packages: ["zod"] },
};

/** Packages that only files named after them may import, and folders that others are kept to. */
const TECHNOLOGIES: readonly { readonly package: RegExp; readonly path: RegExp }[] = [
  { package: /^(nats|@nats-io\/.*)$/, path: /nats/ },
  { package: /^ioredis$/, path: /redis/ },
  { package: /^(pg|@types\/pg)$/, path: /postgres/ },
  { package: /^node:sqlite$/, path: /sqlite/ },
  { package: /^(openid-client|(@types\/)?oidc-provider)$/, path: /oidc/ },
  { package: /^(nodemailer|smtp-server)$/, path: /smtp/ },
  { package: /^kysely$/, path: /^(tests\/)?storage\// },
  { package: /^(hono|@hono\/.*)$/, path: /^((tests\/)?routes\/|main\.ts$|bench\/micro\/bare_hono\.ts$)/ },
];

/** Files over the limit, each with the reason why it is one. */
const LONG_FILES: Readonly<Record<string, string>> = {};
const LINES_MAX = 400;

function borderOf(path: string): Border | undefined {
  return Object.entries(BORDERS).find(([place]) => within(path, place))?.[1];
}

function within(path: string, place: string): boolean {
  return place.endsWith("/") ? path.startsWith(place) : path === place;
}

/** What is measured calls the same upstream as what is tested: only that one counts what is over a limit. */
function shared(path: string, target: string): boolean {
  return path.startsWith("bench/") && target.startsWith("tests/support/upstream/");
}

function none(violations: readonly string[]): void {
  deepEqual(violations, []);
}

Deno.test("[X20] imports point one way: routes, actors, storage ports, protocol", () => {
  none(server.flatMap((file) => {
    const border = borderOf(file.path);
    if (border === undefined) return [];
    return file.imports.flatMap(({ specifier, typeOnly }) => {
      const target = resolveImport(file.path, specifier, aliases);
      if (target === undefined) return [];
      const allowed = typeOnly ? [...border.values, ...border.types ?? []] : border.values;
      return allowed.some((place) => within(target, place)) ? [] : [`${file.path} imports ${target}`];
    });
  }));
});

Deno.test("[X20] protocol, client and web use only the packages they are meant to", () => {
  none(server.flatMap((file) => {
    const packages = borderOf(file.path)?.packages;
    if (packages === undefined) return [];
    return packagesOf(file).filter((name) => !packages.includes(name)).map((name) =>
      `${file.path} imports ${name}`
    );
  }));
});

Deno.test("[X20] what browsers share with the server imports nothing", () => {
  for (const path of LEAVES) deepEqual(sources.find((file) => file.path === path)?.imports, [], path);
});

Deno.test("[X20] nothing but tests imports tests, save for the upstream that bench measures against, and nothing but main.ts imports the wiring", () => {
  none(sources.flatMap((file) =>
    file.imports.flatMap(({ specifier }) => {
      const target = resolveImport(file.path, specifier, aliases);
      const wrong = target === "main.ts" ||
        (target?.startsWith("tests/") && !file.path.startsWith("tests/") && !shared(file.path, target)) ||
        (target?.startsWith("wiring/") && !/^(main\.ts$|wiring\/)/.test(file.path));
      return wrong ? [`${file.path} imports ${target}`] : [];
    })
  ));
});

Deno.test("[X21] a technology is imported only by files named after it", () => {
  none(
    sources.flatMap((file) =>
      packagesOf(file).flatMap((name) =>
        TECHNOLOGIES.some((technology) => technology.package.test(name) && !technology.path.test(file.path))
          ? [`${file.path} imports ${name}`]
          : []
      )
    ),
  );
});

Deno.test("[X21] actors do not so much as speak of a technology", () => {
  none(server.flatMap(({ path, text }) => {
    if (!path.startsWith("actors/") || /^actors\/bus\/nats(_\w+)?\.ts$/.test(path)) return [];
    return [...text.matchAll(/\b(nats|redis|sqlite|postgres)/gi)].map(([word]) => `${path} says ${word}`);
  }));
});

Deno.test("[X22] no files import each other in a circle, not even for types", () => {
  const targets = new Map(sources.map((file) => [
    file.path,
    file.imports.flatMap(({ specifier }) => resolveImport(file.path, specifier, aliases) ?? []),
  ]));
  none(circles(targets));
});

Deno.test("[X23] only config.ts reads the environment", () => {
  none(
    server.filter(({ path, text }) => path !== "config.ts" && /\bDeno\.env\b|\bprocess\.env\b/.test(text))
      .map((
        { path },
      ) => path),
  );
});

Deno.test(`[X24] no file outside tests is longer than ${LINES_MAX} lines without a reason`, () => {
  const long = sources.filter(({ path, text }) =>
    !path.startsWith("tests/") && text.split("\n").length > LINES_MAX + 1
  );
  none(long.filter(({ path }) => LONG_FILES[path] === undefined).map(({ path }) => path));
  for (const path of Object.keys(LONG_FILES)) {
    ok(long.some((file) => file.path === path), `${path} is no longer long`);
  }
});

Deno.test("[X25] nothing is left to do in the source", () => {
  const marks = new RegExp(`\\b(${["TO" + "DO", "FIX" + "ME", "XX" + "X"].join("|")})\\b`);
  none(sources.filter(({ text }) => marks.test(text)).map(({ path }) => path));
});

Deno.test("[X26] errors begin with a capital letter and end without a full stop", () => {
  const thrown = /new (?:[A-Z]\w*)?Error\(\s*(?:"[a-z_]+",\s*)?(?:"([^"\n]+)"|`([^`\n]+)`)/g;
  none(server.flatMap(({ path, text }) =>
    [...text.matchAll(thrown)].flatMap(([, quoted, template]) => {
      const sentence = quoted ?? template ?? "";
      // A lone word in quotes is a reason of the table, and a template may begin with a value.
      if (/^[a-z_]+$/.test(sentence) || sentence.startsWith("${")) return [];
      return /^[A-Z]/.test(sentence) && !sentence.endsWith(".") ? [] : [`${path}: ${sentence}`];
    })
  ));
});

const specification = await readIfThere("docs/SPEC.md");

Deno.test({
  name: "[X27] every rule of the specification has a test that carries its id, and every id its rule",
  ignore: specification === undefined,
  fn: () => {
    const rules = idsIn(specification ?? "", /^(?:[*-] |\| )\**([A-Z]{1,2}\d{1,3})\**(?=[\s|:.])/gm);
    ok(rules.size > 0);
    const names = sources.filter(({ path }) => path.startsWith("tests/")).map(({ text }) => text).join("\n");
    const tested = idsIn(names, /(?<=["'`](?:\[[A-Z]+\d+\] ?)*)\[([A-Z]{1,2}\d{1,3})\]/g);
    none([...rules].filter((id) => !tested.has(id)).map((id) => `${id} has no test`));
    none([...tested].filter((id) => !rules.has(id)).map((id) => `${id} is no rule`));
  },
});

Deno.test("[X20] these checks see every way of importing", () => {
  const text = [
    'import { a } from "./a.ts";',
    "import {",
    "  type B,",
    "  type C,",
    "} from 'protocol/b.ts';",
    'import { type D, e } from "./d.ts";',
    'export * from "./f.ts";',
    'import type { G } from "npm:@scope/g@1.2.3/deep";',
    'import "./h.ts";',
    'const i = await import("zod");',
  ].join("\n");
  deepEqual(importsOf(text).map(({ specifier, typeOnly }) => `${specifier}${typeOnly ? " type" : ""}`), [
    "./a.ts",
    "protocol/b.ts type",
    "./d.ts",
    "./f.ts",
    "npm:@scope/g@1.2.3/deep type",
    "./h.ts",
    "zod",
  ]);
  equal(packageOf("npm:@scope/g@1.2.3/deep"), "@scope/g");
  equal(packageOf("npm:pg@8"), "pg");
  equal(packageOf("hono/ws"), "hono");
  equal(packageOf("node:sqlite"), "node:sqlite");
  equal(resolveImport("actors/room/x.ts", "../bus/./y.ts", {}), "actors/bus/y.ts");
  equal(resolveImport("main.ts", "protocol/y.ts", { "protocol/": "./protocol/" }), "protocol/y.ts");
  equal(resolveImport("main.ts", "zod", { zod: "npm:zod@4" }), undefined);
  deepEqual(circles(new Map([["a", ["b"]], ["b", ["c"]], ["c", ["b"]], ["d", ["a"]]])), ["b -> c -> b"]);
});

function packagesOf(file: SourceFile): string[] {
  return file.imports.filter(({ specifier }) => resolveImport(file.path, specifier, aliases) === undefined)
    .map(({ specifier }) => packageOf(specifier));
}

/** One line for each circle met on a walk through all imports. */
function circles(targets: ReadonlyMap<string, readonly string[]>): string[] {
  const found: string[] = [];
  const finished = new Set<string>();
  const trail: string[] = [];
  function visit(path: string): void {
    const start = trail.indexOf(path);
    if (start !== -1) found.push([...trail.slice(start), path].join(" -> "));
    if (start !== -1 || finished.has(path)) return;
    trail.push(path);
    for (const target of targets.get(path) ?? []) visit(target);
    trail.pop();
    finished.add(path);
  }
  for (const path of targets.keys()) visit(path);
  return found;
}

function idsIn(text: string, pattern: RegExp): Set<string> {
  return new Set([...text.matchAll(pattern)].map(([, id]) => id ?? ""));
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
