import { deepEqual, equal, throws } from "node:assert/strict";
import fc from "fast-check";
import type { Codec } from "protocol/codec.ts";
import { chooseCodec, CODECS } from "protocol/codecs.ts";
import { DEPTH_MAX } from "protocol/depth.ts";
import { BarrageError } from "protocol/errors.ts";
import { json } from "protocol/json.ts";
import { msgpack } from "protocol/msgpack.ts";

/** JSON data without what JSON itself does not keep (-0) and the key that is refused. */
const data = fc.jsonValue({ maxDepth: 6 }).map((value) => JSON.parse(JSON.stringify(value))).filter(
  (value) => !JSON.stringify(value).includes("__proto__"),
);

function refused(codec: Codec, frame: string | Uint8Array, pattern: RegExp): void {
  throws(() => codec.decode(frame), (error) => {
    return error instanceof BarrageError && error.reason === "parse" && pattern.test(error.message);
  }, `${codec.name} took ${String(frame).slice(0, 60)}`);
}

function bytesOf(...values: number[]): Uint8Array {
  return Uint8Array.from(values);
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

for (const codec of CODECS) {
  Deno.test(`[P1] ${codec.name} decodes what it encoded`, () => {
    fc.assert(fc.property(data, (value) => deepEqual(codec.decode(codec.encode(value)), value)));
  });

  Deno.test(`[P1] ${codec.name} leaves undefined properties out`, () => {
    deepEqual(codec.decode(codec.encode({ a: 1, b: undefined })), { a: 1 });
  });

  Deno.test(`[P2] ${codec.name} wraps encoded params into the notification it would have encoded`, () => {
    fc.assert(fc.property(fc.dictionary(fc.string(), data), (params) => {
      fc.pre(!JSON.stringify(params).includes("__proto__"));
      const frame = codec.wrapNotification("room.frame", utf8(JSON.stringify(params)));
      deepEqual(codec.decode(frame), {
        jsonrpc: "2.0",
        method: "room.frame",
        params: JSON.parse(JSON.stringify(params)),
      });
    }));
  });

  Deno.test(`[P4] ${codec.name} takes ${DEPTH_MAX} levels and refuses one more`, () => {
    deepEqual(codec.decode(codec.encode(nested(DEPTH_MAX))), nested(DEPTH_MAX));
    refused(codec, codec.encode(nested(DEPTH_MAX + 1)), /nested more than 16 levels/);
  });

  Deno.test(`[P5] ${codec.name} refuses the key __proto__ anywhere, but not the word`, () => {
    const hostile = JSON.parse('{"params":[{"__proto__":{"admin":true}}]}');
    refused(codec, codec.encode(hostile), /__proto__/);
    const harmless = { text: "__proto__", list: ["__proto__"] };
    deepEqual(codec.decode(codec.encode(harmless)), harmless);
    equal(({} as Record<string, unknown>)["admin"], undefined);
  });

  Deno.test(`[P6] ${codec.name} answers any bytes or text with a value or a parse error`, () => {
    const frames = codec.name === "json" ? fc.string({ maxLength: 200 }) : fc.uint8Array({ maxLength: 200 });
    fc.assert(fc.property<[string | Uint8Array]>(frames, (frame) => decodesOrRefuses(codec, frame)), {
      numRuns: 2_000,
    });
  });

  Deno.test(`[P6] ${codec.name} answers damaged frames with a value or a parse error`, () => {
    fc.assert(
      fc.property(data, fc.nat(), fc.nat(255), (value, position, replacement) => {
        const frame = codec.encode({ value });
        const at = position % frame.length;
        if (typeof frame === "string") {
          decodesOrRefuses(
            codec,
            frame.slice(0, at) + String.fromCharCode(replacement) + frame.slice(at + 1),
          );
          decodesOrRefuses(codec, frame.slice(0, at));
        } else {
          decodesOrRefuses(codec, frame.with(at, replacement));
          decodesOrRefuses(codec, frame.subarray(0, at));
        }
      }),
      { numRuns: 2_000 },
    );
  });
}

Deno.test("[P8] the first subprotocol offered that is known chooses the codec, and none means JSON", () => {
  equal(chooseCodec([]), json);
  equal(chooseCodec(["barrage.v1.json", "barrage.v1.msgpack"]), json);
  equal(chooseCodec(["other", "barrage.v1.msgpack", "barrage.v1.json"]), msgpack);
  equal(chooseCodec(["other"]), undefined);
});

Deno.test("[P3] the wrong kind of frame is refused with a word on what this socket speaks", () => {
  refused(json, msgpack.encode({}) as Uint8Array, /binary frame: this socket speaks JSON/);
  refused(msgpack, "{}", /text frame: this socket speaks binary/);
});

Deno.test("[P2] json copies the params' bytes as they are", () => {
  equal(
    json.wrapNotification("room.frame", utf8('{ "n":1.0 }')),
    '{"jsonrpc":"2.0","method":"room.frame","params":{ "n":1.0 }}',
  );
});

Deno.test("[P4] brackets and quotes inside strings are no nesting", () => {
  for (const text of ["[".repeat(50), '"{'.repeat(50), "\\".repeat(7), '\\"['.repeat(50)]) {
    deepEqual(json.decode(JSON.stringify([text, [text]])), [text, [text]]);
  }
  refused(json, "[".repeat(60_000), /nested more than/);
  refused(json, `["${"\\".repeat(4)}", ${"[".repeat(17)}`, /nested more than/);
});

Deno.test("[P5] escapes do not hide the key __proto__", () => {
  refused(json, '{"\\u005f_proto__":1}', /__proto__/);
  refused(json, '{"a":{"__\\u0070roto__":1}}', /__proto__/);
});

Deno.test("[P6] the error tells where the JSON breaks without quoting it", () => {
  refused(json, "", /ends too early/);
  refused(json, '{"token":"secret', /not JSON at position|ends too early/);
  refused(json, '{"a":1 "token":"s3cret"}', /^Cannot parse the frame: it is not JSON at position 7$/);
  refused(json, "s3cret", /^Cannot parse the frame: it is not JSON$/);
});

Deno.test("[P7] msgpack refuses extension types, keys that are no strings, and trailing bytes", () => {
  refused(msgpack, bytesOf(0xd6, 0xff, 0, 0, 0, 0), /extension types/);
  refused(msgpack, bytesOf(0xc7, 0, 5), /extension types/);
  refused(msgpack, bytesOf(0x81, 0x01, 0x02), /map key is not a string/);
  refused(msgpack, bytesOf(0x81, 0xc4, 0x01, 0x61, 0x02), /map key is not a string/);
  refused(msgpack, bytesOf(0xc0, 0xc0), /bytes follow/);
  refused(msgpack, bytesOf(0xc1), /0xc1 begins no value/);
  deepEqual(msgpack.decode(bytesOf(0x82, 0xa1, 0x61, 0x80, 0xa1, 0x62, 0x90)), { a: {}, b: [] });
});

Deno.test("[P7] msgpack makes no room for elements that cannot be there", () => {
  const claims = bytesOf(0xdd, 0xff, 0xff, 0xff, 0xff);
  refused(msgpack, claims, /ends too early/);
  refused(msgpack, bytesOf(0xdf, 0xff, 0xff, 0xff, 0xff), /ends too early/);
  refused(msgpack, bytesOf(0xdb, 0xff, 0xff, 0xff, 0xff), /ends too early/);
  refused(msgpack, bytesOf(0xdc, 0xff), /ends too early/);
  const bomb = new Uint8Array(60_000);
  for (let at = 0; at < bomb.length; at += 5) bomb.set([0xdd, 0, 0, 0xff, 0xff], at);
  refused(msgpack, bomb, /ends too early|nested more than/);
});

Deno.test("[P7] msgpack reads every width of every type", () => {
  const values = [
    ...[0, 127, 128, 255, 256, 65_535, 65_536, 4_294_967_295, Number.MAX_SAFE_INTEGER],
    ...[-1, -32, -33, -128, -129, -32_768, -32_769, -2_147_483_649, 0.5],
    ...["", "a".repeat(31), "a".repeat(32), "a".repeat(256), "a".repeat(65_536), null, true, false],
    ...[15, 16, 65_536].map((length) => Array<number>(length).fill(7)),
    ...[15, 16].map((size) =>
      Object.fromEntries(Array.from({ length: size }, (_, index) => [`k${index}`, index]))
    ),
  ];
  deepEqual(msgpack.decode(msgpack.encode(values)), values);
  deepEqual(msgpack.decode(msgpack.encode(bytesOf(1, 2, 3))), bytesOf(1, 2, 3));
});

function decodesOrRefuses(codec: Codec, frame: string | Uint8Array): void {
  try {
    codec.decode(frame);
  } catch (error) {
    if (!(error instanceof BarrageError) || error.reason !== "parse") throw error;
  }
}

function nested(levels: number): unknown {
  let value: unknown = levels % 2 === 0 ? {} : [];
  for (let level = 1; level < levels; level++) value = level % 2 === 0 ? { a: value } : [value];
  return value;
}
