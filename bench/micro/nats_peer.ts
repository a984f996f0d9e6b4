/**
 * Request and reply over the message server with nothing in between. Arguments: `answer` or `ask`, URL of the server.
 * Who answers sends back what it got; who asks obeys `PeerCommand`s, one a line of JSON. Both end with their stdin.
 */
import { connect } from "nats";
import { TextLineStream } from "../servers/lines.ts";
import { callsPerSecond, latency } from "./pace.ts";
import type { PeerCommand } from "./peer_commands.ts";

const SUBJECT = "bench.echo";
const TIMEOUT_MS = 5_000;

const [role, url] = Deno.args as ["answer" | "ask", string];
const connection = await connect({ servers: url.replace("nats://", ""), noAsyncTraces: true });
const encoder = new TextEncoder();

async function obey(command: PeerCommand): Promise<unknown> {
  const data = "text" in command ? encoder.encode(JSON.stringify(command.text)) : new Uint8Array();
  const call = () => connection.request(SUBJECT, data, { timeout: TIMEOUT_MS });
  switch (command.do) {
    case "count":
      return { shards: 0 };
    case "rate":
      return { rate: await callsPerSecond(command.inFlight, call, command.seconds) };
    case "latency":
      return await latency(call, command.seconds);
  }
}

if (role === "answer") {
  connection.subscribe(SUBJECT, {
    callback: (error, message) => {
      if (error !== null) throw error;
      message.respond(message.data);
    },
  });
}
await connection.flush();
const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
for await (const line of lines) console.log(JSON.stringify(await obey(JSON.parse(line))));
Deno.exit();
