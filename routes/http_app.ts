import { OpenAPIHono } from "@hono/zod-openapi";
import type { z } from "zod";
import { invalidParams } from "protocol/issues.ts";
import { Problem } from "protocol/problem.ts";
import { problemResponse } from "./problems.ts";

/** What every request carries besides itself. */
export interface HttpEnv {
  Bindings: { readonly address: string };
  /** `openToAll`: the answer says already that every origin may read it. */
  Variables: { openToAll?: boolean };
}

const ROOTS: Readonly<Record<string, string>> = {
  json: "body",
  param: "path",
  query: "query",
  header: "header",
};

/** A hono app whose failures, bad input included, are problems from the closed table. */
export function createHttpApp(): OpenAPIHono<HttpEnv> {
  const app = new OpenAPIHono<HttpEnv>({
    defaultHook: (result) => {
      // zod-openapi hands over the error of its own copy of the same zod.
      if (!result.success) {
        throw invalidParams(result.error as z.ZodError, ROOTS[result.target] ?? result.target);
      }
    },
  });
  app.onError((error) => problemResponse(error));
  return app;
}

export function json<S extends z.ZodType>(schema: S, description: string) {
  return { description, content: { "application/json": { schema } } };
}

export const failure = {
  description: "A problem",
  content: { "application/problem+json": { schema: Problem } },
};
