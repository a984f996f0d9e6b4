import { createRoute, z } from "@hono/zod-openapi";
import type { AuditEvent } from "protocol/audit.ts";
import { SetSwitch, Switch, SWITCHES, Switches, SwitchName } from "protocol/switches.ts";
import type { ActorNode } from "actors/runtime/node.ts";
import { createHttpApp, failure, json } from "./http_app.ts";
import type { Authenticator } from "./identify.ts";
import { admitOperator } from "./operators.ts";
import type { Switchboard } from "./switches/switchboard.ts";
import type { SignedIn } from "./verifier.ts";

const tags = ["operators"];
const security = [{ token: [] }];
const params = z.object({ switch: SwitchName });

const list = createRoute({
  method: "get",
  path: "/v1/switches",
  summary: "List the switches, and which are on at the node that answers",
  ...{ tags, security },
  responses: { 200: json(Switches, "All of them"), default: failure },
});

const set = createRoute({
  method: "put",
  path: "/v1/switches/{switch}",
  summary: "Turn a switch on, at all nodes, for a while or until it is cleared",
  ...{ tags, security },
  request: { params, body: { content: { "application/json": { schema: SetSwitch } }, required: false } },
  responses: { 200: json(Switch, "The switch"), default: failure },
});

const clear = createRoute({
  method: "delete",
  path: "/v1/switches/{switch}",
  summary: "Turn a switch off, at all nodes; one that a node's load has turned on stays on there",
  ...{ tags, security },
  request: { params },
  responses: { 200: json(Switch, "The switch"), default: failure },
});

export interface SwitchParts {
  readonly node: Pick<ActorNode, "ports">;
  readonly authenticator: Pick<Authenticator, "callerOf">;
  readonly switches: Switchboard;
}

export function switchRoutes({ node: { ports: { clock, ids } }, authenticator, switches }: SwitchParts) {
  return createHttpApp()
    .openapi(list, async (c) => {
      await admit(c.req.raw);
      c.header("cache-control", "no-store");
      return c.json({ switches: SWITCHES.map(view) }, 200);
    })
    .openapi(set, async (c) => {
      const by = await admit(c.req.raw);
      const { switch: name } = c.req.valid("param");
      const { forMs } = c.req.valid("json") ?? {};
      const limit = forMs === undefined ? {} : { forMs };
      await switches.put({ name, on: true, by: by.user.id, ...limit }, {
        ...auditLine("switch.set", name, by, c.env.address),
        ...(forMs === undefined ? {} : { detail: { forMs } }),
      });
      return c.json(view(name), 200);
    })
    .openapi(clear, async (c) => {
      const by = await admit(c.req.raw);
      const { switch: name } = c.req.valid("param");
      await switches.put(
        { name, on: false, by: by.user.id },
        auditLine("switch.cleared", name, by, c.env.address),
      );
      return c.json(view(name), 200);
    });

  async function admit(request: Request): Promise<SignedIn> {
    return admitOperator(await authenticator.callerOf(request), "switches");
  }

  function auditLine(event: AuditEvent, subject: SwitchName, by: SignedIn, address: string) {
    return { id: ids.next(), at: clock.now(), event, subject, actor: by.user.id, address };
  }

  function view(name: SwitchName): Switch {
    const set = switches.setting(name);
    return {
      ...{ name, on: switches.isOn(name), load: switches.isOnByLoad(name) },
      ...(set === undefined ? {} : { set }),
    };
  }
}
