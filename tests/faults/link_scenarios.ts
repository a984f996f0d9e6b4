import type { Link } from "./link.ts";
import type { Member } from "./member.ts";
import { pause, type Scenario } from "./scenario.ts";
import { takeoverMs } from "./tempo.ts";

/** A node without the bus gives its shards up after this long; the bus itself notices silence only after a while. */
const NOTICE_CUT_MS = 5_000;
const NOTICE_SILENCE_MS = 20_000;

interface Part {
  readonly name: string;
  readonly links: (member: Member) => readonly Link[];
  readonly noticeMs: { readonly cut: number; readonly silence: number };
}

const PARTS: readonly Part[] = [
  {
    name: "the bus",
    links: ({ nats }) => nats,
    noticeMs: { cut: NOTICE_CUT_MS, silence: NOTICE_SILENCE_MS },
  },
  { name: "the database", links: ({ postgres }) => [postgres], noticeMs: { cut: 0, silence: 0 } },
  { name: "both", links: ({ nats, postgres }) => [...nats, postgres], noticeMs: { cut: 0, silence: 0 } },
];

function scenarioOf({ name, links, noticeMs }: Part, how: "cut" | "silence"): Scenario {
  return {
    name: how === "cut" ? `cut a node from ${name}` : `silence a node's link to ${name}`,
    expected: "it fences itself, others take over, it heals",
    rounds: 2,
    silenceMaxMs: (tempo) => takeoverMs(tempo) + noticeMs[how],
    async run({ world, crowd, chance, tempo, rounds }) {
      for (let round = 0; round < rounds; round++) {
        const victim = chance.of(world.members);
        for (const link of links(victim)) {
          if (how === "cut") link.cut();
          else link.silence();
        }
        await pause(tempo.outageMs);
        for (const link of links(victim)) link.heal();
        await victim.untilReady();
        await crowd.untilAcked();
        await pause(tempo.calmMs);
      }
    },
  };
}

export const CUT_SCENARIOS: readonly Scenario[] = PARTS.flatMap((part) => [
  scenarioOf(part, "cut"),
  scenarioOf(part, "silence"),
]);
