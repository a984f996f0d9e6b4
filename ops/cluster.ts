import { parseArgs } from "node:util";
import { Cluster } from "./cluster/cluster.ts";
import { manual } from "./cluster/manual.ts";
import { prepareServers } from "./cluster/needs.ts";
import { obey } from "./cluster/orders.ts";

const USAGE = `Runs a cluster on this machine, with servers of its own: deno task cluster [options]
  --nodes N      nodes, 1-10                               (3)
  --port PORT    of the front, 0 picks a free one          (8080)
  --keep         keep data and logs at the end
  --dir FOLDER   keep them there, and go on with what it holds
Variables of the server, as TICK_MS, are passed on to the nodes.`;

interface Options {
  readonly nodes: number;
  readonly port: number;
  readonly folder: string | undefined;
}

/** @throws {Error} with what is wrong in a sentence. */
async function readOptions(args: string[]): Promise<Options | undefined> {
  const { values } = parseArgs({
    args,
    options: {
      nodes: { type: "string", default: "3" },
      port: { type: "string", default: "8080" },
      keep: { type: "boolean", default: false },
      dir: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  const [nodes, port] = [Number(values.nodes), Number(values.port)];
  if (values.help) return undefined;
  if (!isWithin(nodes, 1, 10)) throw new Error("Cannot use --nodes: it must be a whole number from 1 to 10");
  if (!isWithin(port, 0, 65_535)) {
    throw new Error("Cannot use --port: it must be a whole number from 0 to 65535");
  }
  const folder = values.dir ??
    (values.keep ? await Deno.makeTempDir({ prefix: "barrage-cluster-" }) : undefined);
  return { nodes, port, folder };
}

function isWithin(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}

async function main({ nodes, port, folder }: Options): Promise<void> {
  const stop = new AbortController();
  const hurry = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(name, () => {
      if (stop.signal.aborted) hurry.abort();
      stop.abort(new Error("Stopped while starting"));
    });
  }
  await prepareServers();
  await using cluster = await Cluster.start({
    nodes,
    port,
    folder,
    report: (line) => console.log(line),
    signal: stop.signal,
  });
  hurry.signal.addEventListener("abort", () => cluster.hurry());
  console.log(`listening on ${cluster.url}`);
  console.log(manual(cluster, folder !== undefined));
  const obeying = obey(cluster, Deno.stdin.readable, stop.signal);
  await aborted(stop.signal);
  console.log("Stopping; once more to kill the nodes");
  await obeying;
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

const options = await readOptions(Deno.args).catch((error) => {
  console.error(`${USAGE}\n\n${error instanceof Error ? error.message : error}`);
  Deno.exit(2);
});
if (options === undefined) {
  console.log(USAGE);
  Deno.exit(0);
}
try {
  await main(options);
  console.log("Stopped");
  Deno.exit(0);
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  if (error instanceof Error && error.cause !== undefined) console.error(error.cause);
  Deno.exit(1);
}
