/**
 * A process full of members, who are spread over rooms. Arguments: dialect, origin, rooms. It reads commands from
 * stdin, one JSON object a line, and answers each with a line on stdout; it ends with its stdin.
 */
import { TextLineStream } from "../servers/lines.ts";
import type { Command } from "./commands.ts";
import { type DialectName, DIALECTS } from "./dialects/mod.ts";
import { Members } from "./members.ts";
import { Probes } from "./probes.ts";
import { Talkers } from "./talkers.ts";

/** One viewer in so many reads every frame; the others count frames and bytes. */
const SAMPLE_EVERY = 50;

const [name, origin, ...rooms] = Deno.args as [DialectName, string, ...string[]];
const dialect = DIALECTS[name];
const probes = new Probes();
const members = new Members(dialect, origin, rooms);
const talkers = new Talkers(dialect, probes);
let watchers = 0;

async function obey(command: Command): Promise<unknown> {
  switch (command.do) {
    case "enter":
      await members.enter(command.viewers, (socket, nth) => {
        if (nth % SAMPLE_EVERY === 1) members.sample(socket, () => {});
        else socket.skim();
      });
      await members.enter(command.talkers, (socket, _nth, room) => talkers.add(socket, room));
      await members.enter(command.watchers, (socket) => members.sample(socket, (text) => probes.seen(text)));
      watchers += command.watchers;
      return {};
    case "talk":
      talkers.talk(command.rate, command.seed);
      return {};
    case "restart":
      probes.restart();
      talkers.restart();
      return {};
    case "count":
      return members.count();
    case "hush":
      talkers.hush();
      return {};
    case "report":
      return { ...talkers.report(), ...probes.report(watchers) };
  }
}

const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
for await (const line of lines) console.log(JSON.stringify(await obey(JSON.parse(line))));
Deno.exit();
