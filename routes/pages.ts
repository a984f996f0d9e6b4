import { fileURLToPath } from "node:url";
import { Hono } from "hono";
import { serveStatic } from "hono/deno";
import { etag } from "hono/etag";
import { secureHeaders } from "hono/secure-headers";
import swaggerUiFolder from "swagger-ui-dist/absolute-path.js";
import type { HttpEnv } from "./http_app.ts";
import { servePage } from "./page_text.ts";

const WEB = fileURLToPath(new URL("../web", import.meta.url));

/** No inline scripts, nothing from elsewhere; only the API page needs inline styles, which Swagger UI writes. */
const STRICT = {
  contentSecurityPolicy: {
    defaultSrc: ["'self'"],
    imgSrc: ["'self'", "data:"],
    connectSrc: ["'self'", "ws:", "wss:"],
    frameAncestors: ["'none'"],
    baseUri: ["'none'"],
    formAction: ["'self'"],
  },
  crossOriginResourcePolicy: "same-origin",
  referrerPolicy: "same-origin",
  // Plain HTTP on localhost is the default way to run; a proxy with TLS sets this itself.
  strictTransportSecurity: false,
};
const strict = secureHeaders(STRICT);

/** There people see the pictures they have chosen, which lie elsewhere. */
const withPictures = secureHeaders({
  ...STRICT,
  contentSecurityPolicy: { ...STRICT.contentSecurityPolicy, imgSrc: ["'self'", "data:", "https:"] },
});

const apiPage = secureHeaders({
  contentSecurityPolicy: {
    defaultSrc: ["'self'"],
    styleSrc: ["'self'", "'unsafe-inline'"],
    imgSrc: ["'self'", "data:"],
    frameAncestors: ["'none'"],
  },
  strictTransportSecurity: false,
});

export interface PageParts {
  /** Whether guests may ask AI models. */
  readonly guestsAsk: boolean;
}

/** The pages and what they load; `deno task build` puts the bundles into web/dist. */
export function pageRoutes({ guestsAsk }: PageParts) {
  const app = new Hono<HttpEnv>();
  const livePage = servePage(WEB, "live_room");
  const chatPage = servePage(WEB, "chat");
  const aiPage = servePage(WEB, "ai", { guestsAsk });
  const accountPage = servePage(WEB, "account");
  app.use("/assets/*", etag(), async (c, next) => {
    c.header("cache-control", "no-cache");
    await next();
  });
  const rewriteRequestPath = (path: string) => path.replace(/^\/assets/, "");
  app.get(
    "/assets/swagger/:file{swagger-ui(-bundle)?\\.(css|js)}",
    serveStatic({
      root: swaggerUiFolder(),
      rewriteRequestPath: (path) => path.replace(/^\/assets\/swagger/, ""),
    }),
  );
  app.get("/assets/:file{[\\w-]+(\\.[\\w-]+)+}", serveStatic({ root: `${WEB}/dist`, rewriteRequestPath }));
  app.get("/assets/:file{[\\w-]+\\.(css|svg|png)}", serveStatic({ root: WEB, rewriteRequestPath }));
  app.get("/", strict, livePage);
  app.get("/rooms/:room", strict, livePage);
  for (const path of ["/chat", "/chat/:conversation", "/chat/with/:user"]) app.get(path, strict, chatPage);
  for (const path of ["/ai", "/ai/:thread"]) app.get(path, strict, aiPage);
  for (const path of ["/login", "/register", "/reset"]) app.get(path, strict, accountPage);
  app.get("/account", withPictures, accountPage);
  app.get("/docs", apiPage, servePage(WEB, "docs"));
  app.get("/favicon.ico", (c) => c.redirect("/assets/favicon.svg", 301));
  return app;
}
