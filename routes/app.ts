import { bodyLimit } from "hono/body-limit";
import { cors } from "hono/cors";
import { BarrageError } from "protocol/errors.ts";
import { addDocuments } from "./documents.ts";
import { type EventParts, eventRoutes } from "./events.ts";
import type { Gateway } from "./gateway/gateway.ts";
import { type GuestParts, guestRoutes } from "./guests.ts";
import { type HealthParts, healthRoutes } from "./health.ts";
import { createHttpApp } from "./http_app.ts";
import { identify } from "./identify.ts";
import { type MessageParts, messageRoutes } from "./messages.ts";
import { type MetricsParts, metricsRoutes } from "./metrics.ts";
import { pageRoutes } from "./pages.ts";
import { problemResponse } from "./problems.ts";
import { type RoomParts, roomRoutes } from "./rooms.ts";
import type { TokenVerifier } from "./tokens.ts";

/** What each group of routes works with; none of them sees the parts of another. */
export interface AppParts {
  readonly version: string;
  readonly bodyMaxBytes: number;
  readonly guests: GuestParts;
  readonly rooms: RoomParts;
  readonly messages: MessageParts;
  readonly events: EventParts;
  readonly health: HealthParts;
  readonly metrics: MetricsParts;
}

export function createApp(parts: AppParts) {
  const app = createHttpApp();
  // Tokens travel in a header and never in a cookie here, so other origins may call: they must bring one.
  app.use("/v1/*", cors({ origin: "*", maxAge: 86_400 }));
  app.use(
    "/v1/*",
    bodyLimit({
      maxSize: parts.bodyMaxBytes,
      onError: () =>
        problemResponse(new BarrageError("too_large", `The body is over ${parts.bodyMaxBytes} bytes`)),
    }),
  );
  app.route("/", guestRoutes(parts.guests));
  app.route("/", roomRoutes(parts.rooms));
  app.route("/", messageRoutes(parts.messages));
  app.route("/", eventRoutes(parts.events));
  app.route("/", healthRoutes(parts.health));
  app.route("/", metricsRoutes(parts.metrics));
  app.route("/", pageRoutes());
  addDocuments(app, parts.version);
  app.notFound((c) =>
    problemResponse(new BarrageError("unknown_method", `No route ${c.req.method} ${c.req.path}`))
  );
  return app;
}

/** The whole server as one function: WebSocket handshakes go to the gateway, everything else to the app. */
export function createHandler(app: ReturnType<typeof createApp>, gateway: Gateway, tokens: TokenVerifier) {
  return async function handle(request: Request, address: string): Promise<Response> {
    try {
      // A response to an upgrade must be returned as it is; middleware would copy it.
      if (pathOf(request) !== "/v1/ws") return await app.fetch(request, { address });
      return gateway.accept(request, address, await identify(request.headers, tokens));
    } catch (error) {
      return problemResponse(error);
    }
  };
}

/** @throws {BarrageError} `invalid_request` when the Host header makes no URL. */
function pathOf(request: Request): string {
  if (!URL.canParse(request.url)) {
    throw new BarrageError("invalid_request", "Cannot read the request: its host is not valid");
  }
  return new URL(request.url).pathname;
}
