/** A route that answers what a profile is, without knowing anything; prints where it listens. */
import { Hono } from "hono";

const profile = {
  id: "01JD3Y4B6V0000000000000000",
  login: "user-000000",
  name: "user-000000",
  createdAt: 1_767_225_600_000,
};
const app = new Hono().get("/v1/users/:user", (c) => c.json(profile));
Deno.serve(
  {
    port: 0,
    onListen: ({ port }) => console.log(`listening on http://127.0.0.1:${port}`),
  },
  app.fetch,
);
