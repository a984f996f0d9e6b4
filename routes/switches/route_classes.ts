import { ALWAYS, ASKS, type CommandClass, LOW_WRITES, READS, WRITES } from "./command_class.ts";

/** Routes as OpenAPI names them. */
export const ROUTE_CLASSES: Readonly<Record<string, CommandClass>> = {
  "get /v1/openapi.json": READS,
  "get /v1/openrpc.json": READS,

  "post /v1/guests": { effect: "always", sort: "guests" },
  "post /v1/login": ALWAYS,
  "post /v1/refresh": ALWAYS,
  "post /v1/logout": ALWAYS,
  "get /v1/oidc": ALWAYS,
  "get /v1/oidc/{provider}/start": ALWAYS,
  "post /v1/oidc/{provider}/start": ALWAYS,
  // What somebody comes back for is looked at there.
  "get /v1/oidc/{provider}/callback": ALWAYS,
  "post /v1/account/confirm": ALWAYS,
  "get /v1/sessions": READS,
  "delete /v1/sessions": ALWAYS,
  "delete /v1/sessions/{session}": ALWAYS,

  "post /v1/accounts": WRITES,
  "post /v1/password-resets": WRITES,
  "post /v1/password-resets/confirm": WRITES,
  "get /v1/account": READS,
  "patch /v1/account": WRITES,
  "delete /v1/account": WRITES,
  "post /v1/account/password": WRITES,
  "delete /v1/account/identities/{provider}": WRITES,
  "get /v1/account/events": READS,
  "get /v1/account/export": READS,
  "post /v1/account/contacts": WRITES,
  "post /v1/account/contacts/confirm": WRITES,
  "delete /v1/account/contacts/{kind}/{address}": WRITES,
  "get /v1/users": READS,
  "get /v1/users/{user}": READS,

  "get /v1/accounts": READS,
  "get /v1/accounts/{account}": READS,
  "patch /v1/accounts/{account}": WRITES,
  "delete /v1/accounts/{account}": WRITES,
  "get /v1/accounts/{account}/sessions": READS,
  "delete /v1/accounts/{account}/sessions": ALWAYS,
  "get /v1/api-keys": READS,
  "post /v1/api-keys": WRITES,
  "delete /v1/api-keys/{key}": ALWAYS,
  "get /v1/audit": READS,
  "get /v1/hot-cards": READS,
  "get /v1/reports": READS,
  "patch /v1/reports/{report}": WRITES,
  "post /v1/messages/reseal": WRITES,
  "get /v1/switches": ALWAYS,
  "put /v1/switches/{switch}": ALWAYS,
  "delete /v1/switches/{switch}": ALWAYS,

  "get /v1/rooms": READS,
  "post /v1/rooms": WRITES,
  "get /v1/rooms/{room}": READS,
  "patch /v1/rooms/{room}": WRITES,
  "delete /v1/rooms/{room}": WRITES,
  "put /v1/rooms/{room}/moderators/{user}": WRITES,
  "delete /v1/rooms/{room}/moderators/{user}": WRITES,
  "get /v1/rooms/{room}/mutes": READS,
  "put /v1/rooms/{room}/mutes/{user}": WRITES,
  "delete /v1/rooms/{room}/mutes/{user}": WRITES,
  "get /v1/rooms/{room}/assistant": READS,
  "put /v1/rooms/{room}/assistant": WRITES,
  "delete /v1/rooms/{room}/assistant": WRITES,
  "get /v1/rooms/{room}/messages": READS,
  "post /v1/rooms/{room}/messages": LOW_WRITES,
  "get /v1/rooms/{room}/events": READS,

  "get /v1/conversations": READS,
  "get /v1/conversations/{conversation}/messages": READS,
  "post /v1/conversations/{conversation}/messages": WRITES,
  "get /v1/groups": READS,

  "post /v1/ai/answers": ASKS,
  "get /v1/ai/answers/{answer}": READS,
  "delete /v1/ai/answers/{answer}": ALWAYS,
  "get /v1/ai/answers/{answer}/events": READS,
  "get /v1/ai/models": READS,
  "get /v1/ai/threads": READS,
  "get /v1/ai/threads/{thread}": READS,
  "delete /v1/ai/threads/{thread}": WRITES,
  "get /v1/ai/files/{file}": READS,
  "post /v1/chat/completions": ASKS,
  "post /v1/images/generations": ASKS,
  "get /v1/models": READS,
  "get /v1/models/{model}": READS,
  "get /v1/ai/providers": READS,
  "get /v1/ai/usage": READS,
  "get /v1/ai/keys": READS,
  "post /v1/ai/keys": WRITES,
  "post /v1/ai/keys/reseal": WRITES,
  "get /v1/ai/keys/{aiKey}": READS,
  "patch /v1/ai/keys/{aiKey}": WRITES,
  "delete /v1/ai/keys/{aiKey}": WRITES,
  "post /v1/ai/keys/{aiKey}/rotate": WRITES,
  // It costs a call, and notes what came of it.
  "post /v1/ai/keys/{aiKey}/test": WRITES,
};

const SAFE_METHODS = ["GET", "HEAD"];

/** @param path As the router has it, with `:room` for what varies; one for many paths is that of no route. */
export function routeClass(method: string, path: string): CommandClass {
  if (path.endsWith("*")) return ALWAYS;
  const safe = SAFE_METHODS.includes(method);
  const name = `${safe ? "get" : method.toLowerCase()} ${path.replaceAll(/:(\w+)(\{[^}]*\})?/g, "{$1}")}`;
  // What nobody has thought of is refused rather than let through.
  return ROUTE_CLASSES[name] ?? (safe ? READS : WRITES);
}
