import type { OpenAPIHono } from "@hono/zod-openapi";
import { openRpc } from "protocol/openrpc.ts";
import type { HttpEnv } from "./http_app.ts";

/** The machine-readable descriptions, made from the schemas that also check the input. */
export function addDocuments(app: OpenAPIHono<HttpEnv>, version: string): void {
  app.openAPIRegistry.registerComponent("securitySchemes", "token", {
    type: "http",
    scheme: "bearer",
    bearerFormat: "JWT",
    description: "An access token, from POST /v1/guests, /v1/accounts or /v1/login, or an API key",
  });
  app.doc31("/v1/openapi.json", {
    openapi: "3.1.0",
    info: {
      title: "Barrage",
      version,
      description:
        "Live rooms, chat, accounts and AI over HTTP. The WebSocket at /v1/ws is described by /v1/openrpc.json.",
      license: { name: "Apache-2.0" },
    },
  });
  const openrpc = openRpc(version);
  app.get("/v1/openrpc.json", (c) => c.json(openrpc));
}
