import type { Cluster } from "./cluster.ts";
import { describe, type Member } from "./member.ts";

const SIGNALS = { stop: "SIGTERM", kill: "SIGKILL", pause: "SIGSTOP", resume: "SIGCONT" } as const;
const LINE_MAX = 1_000;

/** Carries out what is typed, until the end of the input or the signal. */
export async function obey(
  cluster: Cluster,
  input: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): Promise<void> {
  const reader = input.pipeThrough(new TextDecoderStream()).getReader();
  signal.addEventListener("abort", () => void reader.cancel(), { once: true });
  let typed = "";
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    const lines = (typed + read.value).split("\n");
    typed = (lines.pop() ?? "").slice(-LINE_MAX);
    for (const line of lines) {
      const answer = await carryOut(cluster, line.trim());
      if (answer !== "") console.log(answer);
    }
  }
}

/** What to say to it; what happens then is reported by the cluster. */
async function carryOut(cluster: Cluster, line: string): Promise<string> {
  const [verb = "", name = ""] = line.split(/\s+/);
  if (verb === "") return "";
  if (verb === "status") return (await Promise.all(cluster.members.map(status))).join("\n");
  const member = cluster.members.find((member) => member.name === name);
  const known = cluster.members.map(({ name }) => name).join(", ");
  const alive = member?.program?.alive === true;
  switch (verb) {
    case "start":
      if (member === undefined) break;
      if (alive) return `${name} is running`;
      return await cluster.restart(member).then(() => "", (error: Error) => error.message);
    case "stop":
    case "kill":
    case "pause":
    case "resume":
      if (member === undefined) break;
      if (!alive) return `${name} is not running`;
      member.program?.signal(SIGNALS[verb]);
      return "";
    default:
      return `Cannot do ${JSON.stringify(verb)}: it is none of status, stop, kill, pause, resume, start`;
  }
  return `Cannot ${verb} ${JSON.stringify(name)}: it is none of ${known}`;
}

async function status(member: Member): Promise<string> {
  const line = describe(member);
  if (member.program?.alive !== true || !member.url.startsWith("http:")) return line;
  try {
    const response = await fetch(`${member.url}/readyz`, { signal: AbortSignal.timeout(2_000) });
    const { status, shards } = await response.json();
    return `${line}  ${status}, ${shards} shards`;
  } catch (error) {
    return `${line}  ${error instanceof Error ? error.message : error}`;
  }
}
