/** An import as the source text says it, and whether it is erased when compiled. */
export interface Import {
  readonly specifier: string;
  readonly typeOnly: boolean;
}

export interface SourceFile {
  /** From the root of the repository. */
  readonly path: string;
  readonly text: string;
  readonly imports: readonly Import[];
}

const SKIPPED = new Set(["node_modules", "dist", "data", "out", ".git"]);
const STATIC = /^\s*(import|export)\s+(type\s+)?([^"'`;]*?)\s*from\s*["']([^"']+)["']/gm;
const BARE = /^\s*import\s*["']([^"']+)["']/gm;
const DYNAMIC = /\bimport\(\s*["']([^"']+)["']/g;

/** Every TypeScript file of the repository. */
export async function readSources(): Promise<SourceFile[]> {
  const paths: string[] = [];
  for await (const path of walk(".")) paths.push(path);
  return await Promise.all(
    paths.sort().map(async (path) => {
      const text = await Deno.readTextFile(path);
      return { path, text, imports: importsOf(text) };
    }),
  );
}

async function* walk(folder: string): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(folder)) {
    const path = folder === "." ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory && !SKIPPED.has(entry.name)) yield* walk(path);
    else if (entry.isFile && path.endsWith(".ts")) yield path;
  }
}

export function importsOf(text: string): Import[] {
  const found: Import[] = [];
  for (const [, , type, names = "", specifier = ""] of text.matchAll(STATIC)) {
    found.push({ specifier, typeOnly: type !== undefined || onlyTypes(names) });
  }
  for (const pattern of [BARE, DYNAMIC]) {
    for (const [, specifier = ""] of text.matchAll(pattern)) found.push({ specifier, typeOnly: false });
  }
  return found;
}

/** `{ type A, type B }` */
function onlyTypes(names: string): boolean {
  const list = /^\{([^}]*)\}$/.exec(names.trim())?.[1];
  if (list === undefined) return false;
  return list.split(",").map((name) => name.trim()).filter((name) => name !== "")
    .every((name) => name.startsWith("type "));
}

/** The path of the file meant, or undefined for a package. */
export function resolveImport(
  from: string,
  specifier: string,
  aliases: Record<string, string>,
): string | undefined {
  if (specifier.startsWith("./") || specifier.startsWith("../")) {
    return normalise(`${from.slice(0, from.lastIndexOf("/") + 1)}${specifier}`);
  }
  for (const [alias, target] of Object.entries(aliases)) {
    if (!target.startsWith("./")) continue;
    if (alias === specifier) return normalise(target);
    if (alias.endsWith("/") && specifier.startsWith(alias)) {
      return normalise(target + specifier.slice(alias.length));
    }
  }
  return undefined;
}

/** `npm:@hono/zod-openapi@1/x` and `@hono/zod-openapi/x` are both `@hono/zod-openapi`. */
export function packageOf(specifier: string): string {
  const name = specifier.replace(/^(npm:\/?|jsr:\/?)/, "");
  const parts = name.split("/").slice(0, name.startsWith("@") ? 2 : 1);
  return parts.join("/").replace(/(?!^)@[^/]*$/, "");
}

function normalise(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "." && part !== "") parts.push(part);
  }
  return parts.join("/");
}
