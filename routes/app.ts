import type { MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { BarrageError } from "protocol/errors.ts";
import { type ExportParts, exportRoutes } from "./account_export.ts";
import { type AccountParts, accountRoutes } from "./accounts.ts";
import { type AiAnswerParts, aiAnswerRoutes } from "./ai_answers.ts";
import { type AiFileParts, aiFileRoutes } from "./ai_files.ts";
import { type AiKeyParts, aiKeyRoutes } from "./ai_keys.ts";
import { type AiThreadParts, aiThreadRoutes } from "./ai_threads.ts";
import { type AiUsageParts, aiUsageRoutes } from "./ai_usage.ts";
import { answerHeaders } from "./answer_headers.ts";
import { type AuditParts, auditRoutes } from "./audit.ts";
import { type ClientAddress, networkOf } from "./client_address.ts";
import { type ApiKeyParts, apiKeyRoutes } from "./api_keys.ts";
import { type ContactParts, contactRoutes } from "./contacts.ts";
import { type ConversationParts, conversationRoutes } from "./conversations.ts";
import type { CardsAtHand } from "./cards_at_hand.ts";
import { crossOrigin } from "./cross_origin.ts";
import { addDocuments } from "./documents.ts";
import { type EventParts, eventRoutes } from "./events.ts";
import type { Gateway } from "./gateway/gateway.ts";
import { type GuestParts, guestRoutes } from "./guests.ts";
import { type HealthParts, healthRoutes } from "./health.ts";
import { type HotParts, hotRoutes } from "./hot.ts";
import { createHttpApp, type HttpEnv } from "./http_app.ts";
import type { Authenticator } from "./identify.ts";
import { type KeySetParts, keySetRoutes } from "./jwks.ts";
import type { KeyGuard } from "./key_guard.ts";
import { type MessageParts, messageRoutes } from "./messages.ts";
import { type MetricsParts, metricsRoutes } from "./metrics.ts";
import { type ModerationParts, moderationRoutes } from "./moderation.ts";
import { type OperatorAccountParts, operatorAccountRoutes } from "./operator_accounts.ts";
import { type OidcParts, oidcRoutes } from "./oidc.ts";
import { type PageParts, pageRoutes } from "./pages.ts";
import { type PasswordResetParts, passwordResetRoutes } from "./password_resets.ts";
import { errorResponse } from "./openai/errors.ts";
import { type OpenAiParts, openAiRoutes } from "./openai/routes.ts";
import { problemResponse } from "./problems.ts";
import { type ReportParts, reportRoutes } from "./reports.ts";
import { type ResealingParts, resealingRoutes } from "./resealing.ts";
import { borderMiddleware, type BorderMiddlewareParts } from "./switches/border_middleware.ts";
import type { Border } from "./switches/border.ts";
import { type SwitchParts, switchRoutes } from "./switches.ts";
import { type RoomAssistantParts, roomAssistantRoutes } from "./room_assistant.ts";
import { type RoomParts, roomRoutes } from "./rooms.ts";
import { type SessionParts, sessionRoutes } from "./sessions.ts";
import { type SignInParts, signInRoutes } from "./sign_in.ts";
import { type UserCardParts, userCardRoutes } from "./user_cards.ts";
import { type UserSearchParts, userSearchRoutes } from "./user_search.ts";

/** What each group of routes works with; none of them sees the parts of another. */
export interface AppParts {
  readonly version: string;
  readonly bodyMaxBytes: number;
  /** Of what asks an AI model. */
  readonly questionMaxBytes: number;
  readonly keySet: KeySetParts;
  readonly guests: GuestParts;
  readonly accounts: AccountParts;
  readonly userCards: UserCardParts;
  readonly hot: HotParts;
  readonly border: BorderMiddlewareParts;
  readonly switches: SwitchParts;
  readonly userSearch: UserSearchParts;
  readonly signIn: SignInParts;
  readonly oidc: OidcParts;
  readonly sessions: SessionParts;
  readonly contacts: ContactParts;
  readonly passwordResets: PasswordResetParts;
  readonly accountExport: ExportParts;
  readonly audit: AuditParts;
  readonly rooms: RoomParts;
  readonly moderation: ModerationParts;
  readonly roomAssistant: RoomAssistantParts;
  readonly operatorAccounts: OperatorAccountParts;
  readonly apiKeys: ApiKeyParts;
  readonly aiKeys: AiKeyParts;
  readonly aiUsage: AiUsageParts;
  readonly aiAnswers: AiAnswerParts;
  readonly aiThreads: AiThreadParts;
  readonly aiFiles: AiFileParts;
  readonly openAi: OpenAiParts;
  readonly messages: MessageParts;
  readonly conversations: ConversationParts;
  readonly reports: ReportParts;
  readonly resealing: ResealingParts;
  readonly events: EventParts;
  readonly health: HealthParts;
  readonly metrics: MetricsParts;
  readonly pages: PageParts;
}

export function createApp(parts: AppParts) {
  const app = createHttpApp();
  app.onError((error, c) => OPENAI_PATH.test(c.req.path) ? errorResponse(error) : problemResponse(error));
  for (const path of ANSWERS) app.use(path, answerHeaders());
  app.use("/v1/*", crossOrigin(["barrage-switches", "barrage-degraded", "etag"]));
  app.use("/v1/*", borderMiddleware(parts.border));
  const limits = {
    ordinary: bodyOf(parts.bodyMaxBytes, problemResponse),
    question: bodyOf(parts.questionMaxBytes, problemResponse),
    openAi: bodyOf(parts.questionMaxBytes, errorResponse),
  };
  app.use("/v1/*", (c, next) => {
    // Has no body, and looking for one costs as much as a route.
    if (c.req.method === "GET") return next();
    return limits[BODIES[c.req.path] ?? "ordinary"](c, next);
  });
  app.route("/", keySetRoutes(parts.keySet));
  app.route("/", guestRoutes(parts.guests));
  app.route("/", accountRoutes(parts.accounts));
  app.route("/", userCardRoutes(parts.userCards));
  app.route("/", hotRoutes(parts.hot));
  app.route("/", switchRoutes(parts.switches));
  app.route("/", userSearchRoutes(parts.userSearch));
  app.route("/", signInRoutes(parts.signIn));
  app.route("/", oidcRoutes(parts.oidc));
  app.route("/", sessionRoutes(parts.sessions));
  app.route("/", contactRoutes(parts.contacts));
  app.route("/", passwordResetRoutes(parts.passwordResets));
  app.route("/", exportRoutes(parts.accountExport));
  app.route("/", auditRoutes(parts.audit));
  app.route("/", roomRoutes(parts.rooms));
  app.route("/", moderationRoutes(parts.moderation));
  app.route("/", roomAssistantRoutes(parts.roomAssistant));
  app.route("/", operatorAccountRoutes(parts.operatorAccounts));
  app.route("/", apiKeyRoutes(parts.apiKeys));
  app.route("/", aiKeyRoutes(parts.aiKeys));
  app.route("/", aiUsageRoutes(parts.aiUsage));
  app.route("/", aiAnswerRoutes(parts.aiAnswers));
  app.route("/", aiThreadRoutes(parts.aiThreads));
  app.route("/", aiFileRoutes(parts.aiFiles));
  app.route("/", openAiRoutes(parts.openAi));
  app.route("/", messageRoutes(parts.messages));
  app.route("/", conversationRoutes(parts.conversations));
  app.route("/", reportRoutes(parts.reports));
  app.route("/", resealingRoutes(parts.resealing));
  app.route("/", eventRoutes(parts.events));
  app.route("/", healthRoutes(parts.health));
  app.route("/", metricsRoutes(parts.metrics));
  app.route("/", pageRoutes(parts.pages));
  addDocuments(app, parts.version);
  app.notFound((c) => {
    const { method, path } = c.req;
    const error = new BarrageError("unknown_method", `No route ${method} ${path}`);
    const isOpenAi = OPENAI_PATH.test(path) || OPENAI_UNKNOWN.test(path);
    return isOpenAi ? errorResponse(error) : problemResponse(error);
  });
  return app;
}

const SOCKET_PATH = "/v1/ws";

/** All but pages, which have a policy of their own. */
const ANSWERS = ["/v1/*", "/.well-known/*", "/healthz", "/readyz", "/metrics"];

/** Where clients know failures of OpenAI's form only. */
const OPENAI_PATH = /^\/v1\/(chat\/completions|images|models)(\/|$)/;
/** What those clients may also try; nothing else begins so. */
const OPENAI_UNKNOWN =
  /^\/v1\/(assistants|audio|batches|completions|embeddings|files|moderations|responses|threads|uploads)(\/|$)/;

/** What may be longer than other bodies. */
const BODIES: Readonly<Record<string, "question" | "openAi">> = {
  "/v1/ai/answers": "question",
  "/v1/chat/completions": "openAi",
  "/v1/images/generations": "openAi",
};

function bodyOf(maxSize: number, respond: (error: BarrageError) => Response) {
  const error = () => new BarrageError("too_large", `The body is over ${maxSize} bytes`);
  const counted: MiddlewareHandler<HttpEnv> = bodyLimit({ maxSize, onError: () => respond(error()) });
  const middleware: MiddlewareHandler<HttpEnv> = (c, next) => {
    const { headers } = c.req.raw;
    const length = headers.get("content-length");
    // No more than that is read; and only to ask whether there is a body makes a stream of it, which is slower to read.
    const known = length !== null && !headers.has("transfer-encoding") && Number(length) <= maxSize;
    return known ? next() : counted(c, next);
  };
  return middleware;
}

export interface HandlerParts {
  readonly app: ReturnType<typeof createApp>;
  readonly gateway: Gateway;
  readonly authenticator: Authenticator;
  readonly clientAddress: ClientAddress;
  readonly keyGuard: KeyGuard;
  readonly border: Pick<Border, "admitSocket">;
  readonly cardsAtHand: CardsAtHand;
}

/** Its address is a question to the system, so it is asked for only when it matters. */
type Connection = Pick<Deno.ServeHandlerInfo<Deno.NetAddr>, "remoteAddr">;

/** The whole server as one function: WebSocket handshakes go to the gateway, everything else to the app. */
export function createHandler(
  { app, gateway, authenticator, clientAddress, keyGuard, border, cardsAtHand }: HandlerParts,
) {
  async function answer(request: Request, address: string): Promise<Response> {
    try {
      // A response to an upgrade must be returned as it is; middleware would copy it.
      if (!isSocket(request)) return await app.fetch(request, { address });
      const introduction = await authenticator.greet(request);
      if (introduction !== undefined) border.admitSocket(introduction.verified.caller);
      return gateway.accept(request, networkOf(address), introduction);
    } catch (error) {
      return problemResponse(error);
    }
  }
  async function handleFully(request: Request, { remoteAddr }: Connection): Promise<Response> {
    try {
      const address = clientAddress.of(request.headers, remoteAddr.hostname);
      return await keyGuard.pass(request, networkOf(address), () => answer(request, address));
    } catch (error) {
      return problemResponse(error);
    }
  }
  return function handle(request: Request, connection: Connection): Response | Promise<Response> {
    try {
      return cardsAtHand.answer(request) ?? handleFully(request, connection);
    } catch (error) {
      return problemResponse(error);
    }
  };
}

/** @throws {BarrageError} `invalid_request` when the Host header makes no URL. */
function isSocket({ url }: Request): boolean {
  if (!URL.canParse(url)) {
    throw new BarrageError("invalid_request", "Cannot read the request: its host is not valid");
  }
  return url.includes(SOCKET_PATH) && new URL(url).pathname === SOCKET_PATH;
}
