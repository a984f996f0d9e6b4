import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { CONFIG_TABLE, ConfigError, loadConfig } from "config";

function refusal(env: Record<string, string>): string {
  try {
    loadConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new Error(`Expected a refusal of ${JSON.stringify(env)}`);
}

Deno.test("[X1] an empty environment gives one embedded node", () => {
  const config = loadConfig({});
  equal(config.server.host, "127.0.0.1");
  equal(config.server.port, 8080);
  equal(config.server.guests, true);
  equal(config.server.log, "json");
  equal(config.server.nodeId, undefined);
  deepEqual(config.stores, {
    database: { kind: "sqlite", path: "./data/barrage.db" },
    natsUrls: undefined,
    redisUrl: undefined,
  });
  equal(config.gateway.frameMaxBytes, 65_536);
  equal(config.room.tickMs, 100);
  equal(config.runtime.mailboxMaxCount, 1_000);
});

Deno.test("[X1] an empty variable counts as unset", () => {
  deepEqual(loadConfig({ PORT: "", NATS_URL: " ", GUESTS: "" }), loadConfig({}));
});

Deno.test("[X1] the log is pretty on a terminal unless told otherwise", () => {
  equal(loadConfig({}, { terminal: true }).server.log, "pretty");
  equal(loadConfig({ LOG: "json" }, { terminal: true }).server.log, "json");
  equal(loadConfig({ LOG: "pretty" }).server.log, "pretty");
});

Deno.test("[X1] guests are off in a cluster unless told otherwise", () => {
  const cluster = { NATS_URL: "nats://a:4222, nats://b:4222", DATABASE_URL: "postgres://db/barrage" };
  const config = loadConfig(cluster);
  equal(config.server.guests, false);
  deepEqual(config.stores.natsUrls, ["nats://a:4222", "nats://b:4222"]);
  equal(loadConfig({ ...cluster, GUESTS: "on" }).server.guests, true);
  equal(loadConfig({ GUESTS: "off" }).server.guests, false);
});

Deno.test("[X1] the guests of a day follow from those of a minute unless told otherwise", () => {
  const perDay = (env: Record<string, string>) => loadConfig(env).gateway.guestsPerDay;
  equal(perDay({}), 2_000);
  equal(perDay({ GUESTS_PER_MINUTE: "1" }), 2_000);
  equal(perDay({ GUESTS_PER_MINUTE: "1000" }), 33_000);
  equal(perDay({ GUESTS_PER_MINUTE: "1000", GUESTS_PER_DAY: "1000" }), 1_000);
});

Deno.test("[X1] the database is a file in DATA_DIR, a file elsewhere, or a server", () => {
  const database = (env: Record<string, string>) => loadConfig(env).stores.database;
  deepEqual(database({ DATA_DIR: "/srv/barrage/" }), { kind: "sqlite", path: "/srv/barrage/barrage.db" });
  deepEqual(database({ DATABASE_URL: "sqlite:" }), { kind: "sqlite", path: "./data/barrage.db" });
  deepEqual(database({ DATABASE_URL: "sqlite:/tmp/x.db" }), { kind: "sqlite", path: "/tmp/x.db" });
  deepEqual(database({ DATABASE_URL: "postgres://u:p@db/x" }), {
    kind: "postgres",
    url: "postgres://u:p@db/x",
  });
  deepEqual(database({ DATABASE_URL: "postgresql://db/x" }), { kind: "postgres", url: "postgresql://db/x" });
});

Deno.test("[X2] the configuration is frozen to its leaves", () => {
  const config = loadConfig({ NATS_URL: "nats://a", DATABASE_URL: "postgres://db" });
  const waiting: unknown[] = [config];
  let seen = 0;
  for (let value = waiting.pop(); value !== undefined; value = waiting.pop()) {
    ok(Object.isFrozen(value));
    seen++;
    waiting.push(
      ...Object.values(value as object).filter((child) => typeof child === "object" && child !== null),
    );
  }
  ok(seen >= 7);
  throws(() => Object.assign(config.server, { port: 1 }), TypeError);
});

Deno.test("[X3] a wrong value stops with a sentence that names the variable and the bounds", () => {
  equal(refusal({ PORT: "http" }), 'Cannot use PORT "http": it must be a whole number from 0 to 65535');
  for (const port of ["65536", "-1", "1.5", "1e3", "0x10", "9".repeat(40)]) {
    ok(refusal({ PORT: port }).includes(port));
  }
  equal(refusal({ GUESTS: "yes" }), 'Cannot use GUESTS "yes": it must be on or off');
  equal(refusal({ LOG: "loud" }), 'Cannot use LOG "loud": it must be pretty or json');
  ok(refusal({ NODE_ID: "a.b" }).includes("NODE_ID"));
});

Deno.test("[X3] PUBLIC_URL is an origin whose cookies do not travel in clear", () => {
  const publicUrl = (value: string) => loadConfig({ PUBLIC_URL: value }).server.publicUrl;
  equal(publicUrl("https://live.example.com"), "https://live.example.com");
  equal(publicUrl("https://LIVE.example.com:443/"), "https://live.example.com");
  for (const local of ["http://localhost:8080", "http://127.0.0.1:8080", "http://[::1]"]) {
    equal(publicUrl(local), local);
  }
  for (
    const wrong of [
      "live.example.com",
      "ftp://live.example.com",
      "http://live.example.com",
      "http://localhost.example.com",
      "https://live.example.com/room",
      "https://live.example.com/?a",
      "https://",
    ]
  ) {
    ok(refusal({ PUBLIC_URL: wrong }).startsWith(`Cannot use PUBLIC_URL "${wrong}": it must be `), wrong);
  }
});

Deno.test("[X3] TRUSTED_PROXIES is a list of addresses and ranges", () => {
  const proxies = (value: string) => loadConfig({ TRUSTED_PROXIES: value }).server.trustedProxies;
  deepEqual(proxies(""), []);
  deepEqual(proxies("10.0.0.1, 10.1.0.0/16,2001:db8::/32,"), ["10.0.0.1", "10.1.0.0/16", "2001:db8::/32"]);
  for (const wrong of ["proxy.example.com", "10.0.0.0/33", "10.0.0.1 10.0.0.2", "*"]) {
    equal(
      refusal({ TRUSTED_PROXIES: wrong }),
      `Cannot use TRUSTED_PROXIES "${wrong}": it must be addresses or CIDR ranges with commas between`,
    );
  }
});

Deno.test("[X3] codes are sent by a mail server and a webhook whose addresses make sense", () => {
  const mail = { MAIL_FROM: "Barrage <no-reply@example.com>" };
  for (const url of ["smtp://mail:25", "smtps://user:p%40ss@mail.example.com"]) {
    equal(loadConfig({ ...mail, SMTP_URL: url }).codes.smtpUrl, url);
  }
  for (const url of ["mail.example.com", "https://mail.example.com", "smtp://", "smtp://mail:port"]) {
    ok(refusal({ ...mail, SMTP_URL: url }).startsWith("Cannot use SMTP_URL: it must be smtp://"), url);
  }
  for (const from of ["Barrage", "<>", "a@b <c@d", "a@b\nBcc: c@d", "a@b, c@d"]) {
    ok(refusal({ MAIL_FROM: from }).includes("it must be NAME <ADDRESS>"), from);
  }
  for (const url of ["https://sms.example.com/send?key=1", "http://localhost:8000", "http://127.0.0.1/"]) {
    equal(loadConfig({ CODE_WEBHOOK_URL: url }).codes.webhookUrl, url);
  }
  for (const url of ["http://sms.example.com/", "http://localhost.example.com/", "sms.example.com"]) {
    ok(
      refusal({ CODE_WEBHOOK_URL: url }).startsWith("Cannot use CODE_WEBHOOK_URL: it must be https://"),
      url,
    );
  }
});

Deno.test("[X3] every bounded variable takes both of its bounds and nothing beyond", () => {
  const numbers = CONFIG_TABLE.filter(({ bounds }) => /^\d+-\d+$/.test(bounds));
  ok(numbers.length > 20);
  for (const { variable, bounds, preset } of numbers) {
    const [least = 0, most = 0] = bounds.split("-").map(Number);
    // A preset in words follows from another variable.
    ok(!/^\d+$/.test(preset) || (Number(preset) >= least && Number(preset) <= most), variable);
    ok(refusal({ [variable]: String(most + 1) }).startsWith(`Cannot use ${variable} `));
    if (least > 0) ok(refusal({ [variable]: String(least - 1) }).startsWith(`Cannot use ${variable} `));
    for (const bound of [least, most]) {
      try {
        loadConfig({ [variable]: String(bound) });
      } catch (error) {
        // In bounds, but at odds with the preset of another variable.
        ok(error instanceof ConfigError && error.message.startsWith("Set "), `${variable}=${bound}`);
      }
    }
  }
});

Deno.test("[X3] an address that may hold a password is never shown", () => {
  for (const variable of ["DATABASE_URL", "NATS_URL", "REDIS_URL", "SMTP_URL", "CODE_WEBHOOK_URL"]) {
    const sentence = refusal({ [variable]: "mysql://admin:hunter2@db/x" });
    ok(sentence.startsWith(`Cannot use ${variable}: it must be`), sentence);
    ok(!sentence.includes("hunter2") && !sentence.includes("admin"));
  }
});

Deno.test("[X4] a contradiction stops with one sentence that says what to set", () => {
  const cases: [env: Record<string, string>, sentence: RegExp][] = [
    [{ NATS_URL: "nats://a:4222" }, /^Set DATABASE_URL to postgres:/],
    [{ NATS_URL: "nats://a:4222", DATABASE_URL: "sqlite:x.db" }, /^Set DATABASE_URL to postgres:/],
    [{ FEED: "on" }, /^Set NATS_URL or unset FEED/],
    [{ GUESTS_PER_DAY: "59" }, /^Set GUESTS_PER_DAY to at least GUESTS_PER_MINUTE/],
    [{ SESSION_IDLE_MINUTES: "29" }, /^Set SESSION_IDLE_MINUTES to at least ACCESS_TOKEN_SECONDS/],
    [{ SMTP_URL: "smtp://mail.example.com" }, /^Set MAIL_FROM or unset SMTP_URL/],
    [{ CODE_WEBHOOK_TOKEN: "token" }, /^Set CODE_WEBHOOK_URL or unset CODE_WEBHOOK_TOKEN/],
    [{ REFRESH_GRACE_SECONDS: "61" }, /^Set REFRESH_GRACE_SECONDS to at most REFRESH_EVERY_SECONDS/],
    [{ REFRESH_EVERY_SECONDS: "1801" }, /^Set REFRESH_EVERY_SECONDS to at most ACCESS_TOKEN_SECONDS/],
    [{ LEASE_RENEW_MS: "5000" }, /^Set LEASE_RENEW_MS to at most a third of LEASE_TTL_MS/],
    [{ TICK_MS: "2000" }, /^Set TICK_MAX_MS to at least TICK_MS/],
    [{ ROOM_MEMORY_ITEMS: "10" }, /^Set ROOM_MEMORY_ITEMS to at least ROOM_RECENT_ITEMS/],
    [{ CALLS_PER_SECOND: "500" }, /^Set CALLS_BURST to at least CALLS_PER_SECOND/],
    [
      { MAILBOX_MAX_BYTES: "65536", FRAME_MAX_BYTES: "100000" },
      /^Set MAILBOX_MAX_BYTES to at least FRAME_MAX_BYTES/,
    ],
  ];
  for (const [env, sentence] of cases) {
    const message = refusal(env);
    ok(sentence.test(message), message);
    ok(!message.includes("\n") && !message.endsWith("."));
  }
});

Deno.test("[X4] a shared cache contradicts nothing: neither a lone node nor one of many", () => {
  const shared = { NATS_URL: "nats://a", DATABASE_URL: "postgres://db" };
  for (const others of [{}, shared]) {
    equal(loadConfig({ ...others, REDIS_URL: "redis://c" }).stores.redisUrl, "redis://c");
    equal(loadConfig(others).stores.redisUrl, undefined);
  }
});

Deno.test("[Q20] AI echoes on a lone node, and in a cluster when told to; guests ask when told to", () => {
  const cluster = { NATS_URL: "nats://a:4222", DATABASE_URL: "postgres://db/barrage" };
  const ai = (env: Record<string, string> = {}) => {
    const { enabled, echo, guests, continues } = loadConfig(env).ai;
    return [enabled, echo, guests, continues];
  };
  deepEqual(ai(), [true, true, false, true]);
  deepEqual(ai(cluster), [true, false, false, true]);
  deepEqual(ai({ ...cluster, AI_ECHO: "on", AI_GUESTS: "on", AI_CONTINUE: "off" }), [
    true,
    true,
    true,
    false,
  ]);
  deepEqual(ai({ AI: "off", AI_ECHO: "off" }), [false, false, false, true]);
});

Deno.test("[Q20] settings of AI that contradict each other stop the start; its keys are not shown", () => {
  const cases: [env: Record<string, string>, sentence: RegExp][] = [
    [{ AI_WAIT_MAX_SECONDS: "200" }, /^Set AI_ANSWER_MAX_SECONDS to at least AI_WAIT_MAX_SECONDS/],
    [
      { AI_ANSWER_MAX_SECONDS: "130", AI_FIRST_TOKEN_SECONDS: "140" },
      /^Set AI_ANSWER_MAX_SECONDS to at least AI_FIRST/,
    ],
    [{ AI_IDLE_SECONDS: "200" }, /^Set AI_ANSWER_MAX_SECONDS to at least AI_FIRST.* and AI_IDLE/],
    [{ AI_QUEUE_MAX: "19" }, /^Set AI_QUEUE_MAX to at least AI_WAITING_PER_USER_MAX/],
    [{ AI_ABORT_SETTLE_MS: "5001" }, /^Set AI_ABORT_SETTLE_MS to at most a third of AI_LEASE_TERM_SECONDS/],
  ];
  for (const [env, sentence] of cases) ok(sentence.test(refusal(env)), refusal(env));
  const sentence = refusal({ AI_KEYS: "1:hunter2" });
  ok(sentence.startsWith("Cannot use AI_KEYS: it must be VERSION:KEY") && !sentence.includes("hunter2"));
});

Deno.test("[X5] the table lists every variable once, with a line for the manual", () => {
  const variables = CONFIG_TABLE.map(({ variable }) => variable);
  equal(new Set(variables).size, variables.length);
  for (
    const name of [
      "HOST",
      "PORT",
      "DATA_DIR",
      "DATABASE_URL",
      "NATS_URL",
      "REDIS_URL",
      "NODE_ID",
      "GUESTS",
      "LOG",
    ]
  ) {
    ok(variables.includes(name), name);
  }
  for (const row of CONFIG_TABLE) {
    ok(/^[A-Z][A-Z_]*$/.test(row.variable) && row.preset !== "" && row.bounds !== "", row.variable);
    ok(row.meaning.length > 5 && !row.meaning.endsWith("."), row.variable);
  }
});
