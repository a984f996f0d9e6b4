import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { ANONYMOUS, type Caller } from "actors/runtime/caller.ts";
import { Drops } from "actors/runtime/drops.ts";
import { BarrageError } from "protocol/errors.ts";
import { METHODS } from "protocol/methods.ts";
import { SWITCHES, type SwitchName } from "protocol/switches.ts";
import { Border } from "routes/switches/border.ts";
import type { CommandClass } from "routes/switches/command_class.ts";
import { METHOD_CLASSES } from "routes/switches/method_classes.ts";
import { ROUTE_CLASSES, routeClass } from "routes/switches/route_classes.ts";
import { ulid } from "tests/support/room_stage.ts";

const user = { id: ulid(1), name: "Olga" };
const session = ulid(2);
const CALLERS = {
  anonymous: ANONYMOUS,
  guest: { kind: "user", user, session, standing: "guest" },
  member: { kind: "user", user, session, standing: "member" },
  operator: { kind: "user", user, session, standing: "operator" },
  key: { kind: "service", user, scopes: ["messages"] },
} as const satisfies Record<string, Caller>;
type Name = keyof typeof CALLERS;

function borderWith(
  on: readonly SwitchName[],
  { leftMs, random = 0 }: { leftMs?: number; random?: number } = {},
) {
  const drops = new Drops();
  const setting = () => ({ by: "olga", at: 0, ...(leftMs === undefined ? {} : { leftMs }) });
  const switches = { any: on.length > 0, isOn: (name: SwitchName) => on.includes(name), setting };
  return { border: new Border({ switches, drops, random: () => random }), drops };
}

function verdict(on: readonly SwitchName[], caller: Caller, kind: CommandClass): string {
  const { border } = borderWith(on);
  try {
    border.admit(caller, kind);
    return "passes";
  } catch (error) {
    ok(error instanceof BarrageError && error.details.retryAfterMs! >= 5_000);
    return error.reason;
  }
}

/** As the rules say, and not as the code does. */
function expected(on: SwitchName, name: Name, { effect, sort }: CommandClass): string {
  const shed = name === "anonymous" || name === "guest" || name === "member" ? "overloaded" : "passes";
  switch (on) {
    case "serve-stale":
      return "passes";
    case "read-only":
      return effect === "writes" ? "read_only" : "passes";
    case "shed-guests":
      if (sort === "guests") return shed;
      return name === "guest" && effect !== "always" ? "overloaded" : "passes";
    case "shed-anonymous":
      return name === "anonymous" && effect === "reads" ? "overloaded" : "passes";
    case "shed-low":
      return sort === "low" ? shed : "passes";
    case "shed-ai":
      return sort === "ai" ? shed : "passes";
  }
}

Deno.test("[SW7] every method of the socket is classified", () => {
  deepEqual(Object.keys(METHOD_CLASSES).sort(), Object.keys(METHODS).sort());
});

Deno.test("[SW7] a route is found as the router has it; what nobody classified counts as writing unless it is GET", () => {
  equal(routeClass("PUT", "/v1/rooms/:room/mutes/:user"), ROUTE_CLASSES["put /v1/rooms/{room}/mutes/{user}"]);
  equal(routeClass("HEAD", "/v1/rooms/:room{[0-9A-Z]+}"), ROUTE_CLASSES["get /v1/rooms/{room}"]);
  equal(routeClass("POST", "/v1/login").effect, "always");
  equal(routeClass("POST", "/v1/something/new").effect, "writes");
  equal(routeClass("GET", "/v1/something/new").effect, "reads");
  equal(routeClass("POST", "/v1/*").effect, "always");
});

for (const on of SWITCHES) {
  Deno.test(`[SW8] [SW12] [SW13] [SW14] [SW15] what ${on} refuses whom, over all methods and routes`, () => {
    const refused = new Set<string>();
    for (const [what, kind] of [...Object.entries(METHOD_CLASSES), ...Object.entries(ROUTE_CLASSES)]) {
      for (const [name, caller] of Object.entries(CALLERS)) {
        const wanted = expected(on, name as Name, kind);
        equal(verdict([on], caller, kind), wanted, `${name} asks for ${what} while ${on} is on`);
        equal(verdict([], caller, kind), "passes");
        if (wanted !== "passes") refused.add(what);
      }
    }
    equal(refused.size > 0, on !== "serve-stale");
  });
}

Deno.test("[SW8] [SW9] what read-only refuses, and what goes on", () => {
  const writes = (what: string) =>
    (METHOD_CLASSES as Record<string, CommandClass>)[what]?.effect === "writes" ||
    ROUTE_CLASSES[what]?.effect === "writes";
  const refused = [
    ...[
      "room.say",
      "room.mute",
      "chat.send",
      "chat.edit",
      "chat.read",
      "chat.delivered",
      "chat.create",
      "chat.block",
    ],
    ...[
      "ai.ask",
      "ai.forget",
      "post /v1/accounts",
      "patch /v1/account",
      "post /v1/account/password",
      "post /v1/rooms",
    ],
    ...[
      "delete /v1/rooms/{room}",
      "post /v1/rooms/{room}/messages",
      "post /v1/chat/completions",
      "post /v1/api-keys",
    ],
    ...["post /v1/password-resets", "patch /v1/accounts/{account}", "delete /v1/account"],
  ];
  for (const what of refused) ok(writes(what), what);
  const goOn = [
    ...[
      "room.join",
      "room.leave",
      "chat.sync",
      "chat.history",
      "chat.typing",
      "ai.follow",
      "ai.cancel",
      "session.renew",
    ],
    ...[
      "post /v1/login",
      "post /v1/refresh",
      "post /v1/logout",
      "post /v1/account/confirm",
      "post /v1/guests",
    ],
    ...[
      "delete /v1/sessions/{session}",
      "delete /v1/accounts/{account}/sessions",
      "delete /v1/api-keys/{key}",
    ],
    ...["put /v1/switches/{switch}", "delete /v1/switches/{switch}", "delete /v1/ai/answers/{answer}"],
  ];
  for (const what of goOn) ok(!writes(what), what);
});

Deno.test("[SW12] guests are not let in with a socket; others are", () => {
  const { border, drops } = borderWith(["shed-guests"]);
  throws(() => border.admitSocket(CALLERS.guest), { reason: "overloaded" });
  for (const name of ["member", "operator", "key"] as const) border.admitSocket(CALLERS[name]);
  equal(drops.of("switch", "shed-guests"), 1);
  borderWith(["shed-anonymous", "read-only"]).border.admitSocket(CALLERS.guest);
});

Deno.test("[SW16] nobody is told to wait for longer than the switch is on, and not all come back at once", () => {
  const wait = (options: { leftMs?: number; random?: number }) => {
    let told: number | undefined;
    throws(() => borderWith(["read-only"], options).border.refuseWrites(), (error: BarrageError) => {
      told = error.details.retryAfterMs;
      return error.reason === "read_only";
    });
    return told;
  };
  equal(wait({}), 5_000);
  equal(wait({ random: 0.5 }), 7_500);
  equal(wait({ leftMs: 60_000, random: 0.5 }), 7_500);
  equal(wait({ leftMs: 1_000 }), 1_000);
  equal(wait({ leftMs: 1_000, random: 0.1 }), 1_500);
});

Deno.test("[SW25] what a switch refuses is counted under its name", () => {
  const { border, drops } = borderWith(["read-only", "shed-low"]);
  throws(() => border.admit(CALLERS.key, METHOD_CLASSES["room.say"]), { reason: "read_only" });
  throws(() => border.admit(CALLERS.member, METHOD_CLASSES["chat.typing"]), { reason: "overloaded" });
  deepEqual([...drops.entries()].sort(), [["switch", "read-only", 1], ["switch", "shed-low", 1]]);
});
