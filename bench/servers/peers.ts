import { OUT, ROOT } from "../places.ts";

const FILES = ["package.json", "package-lock.json", "socket_io.cjs", "ws.cjs"];

/** How to run a program of the installed peers. */
export interface PeerRuntime {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** For the report. */
  readonly description: string;
}

/**
 * Copies the peers to bench/out/peers and installs their pinned packages there, without install scripts. They run
 * in Node.js, where they are at their best; on a machine without it, in Deno, and the report says so.
 * @throws {Error} when the packages cannot be had.
 */
export async function installPeers(): Promise<PeerRuntime> {
  const cwd = `${OUT}/peers`;
  await Deno.mkdir(cwd, { recursive: true });
  for (const file of FILES) await Deno.copyFile(`${ROOT}/bench/peers/${file}`, `${cwd}/${file}`);
  const packages = await pinnedPackages(cwd);
  const node = await run("node", ["--version"], cwd);
  if (node !== undefined) {
    await install("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], cwd);
    return { command: "node", args: [], cwd, description: `${packages} on Node.js ${node.trim().slice(1)}` };
  }
  // A configuration of its own keeps the project's, further up, out of this folder.
  await Deno.writeTextFile(`${cwd}/deno.json`, '{ "nodeModulesDir": "auto", "lock": false }');
  await install(Deno.execPath(), ["install", "--quiet"], cwd);
  const description = `${packages} on Deno ${Deno.version.deno}, as there is no Node.js here`;
  return { command: Deno.execPath(), args: ["run", "-A"], cwd, description };
}

async function pinnedPackages(cwd: string): Promise<string> {
  const { dependencies } = JSON.parse(await Deno.readTextFile(`${cwd}/package.json`));
  return Object.entries(dependencies).map(([name, version]) => `${name} ${version}`).join(" and ");
}

async function install(command: string, args: string[], cwd: string): Promise<void> {
  if (await run(command, args, cwd) !== undefined) return;
  throw new Error(`Cannot install the peers: ${command} ${args[0]} failed; is npm reachable?`);
}

/** What the program says on stdout; undefined when there is no such program, or it fails. */
async function run(command: string, args: string[], cwd: string): Promise<string | undefined> {
  try {
    const { success, stdout } = await new Deno.Command(command, { args, cwd, stderr: "inherit" }).output();
    return success ? new TextDecoder().decode(stdout) : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
