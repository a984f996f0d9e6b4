import assert from "node:assert/strict";
import { placeIn, placeOf } from "../../../web/chat/place.ts";
import { isLarge, piecesOf } from "../../../web/chat/thread/linked_text.ts";
import { attachmentOf } from "../../../web/chat/writer/attachment_of.ts";

const ID = "01JD3Y4B6V8Q2Z5K7M9N0P1R2S";
const LINK = "abcdefghijklmnopqrstuv";

Deno.test("[W86] a join link names the group in its path, and what opens it only behind the hash", () => {
  assert.deepEqual(placeOf({ pathname: `/chat/${ID}`, hash: `#link=${LINK}` }), {
    kind: "conversation",
    id: ID,
    link: LINK,
  });
  assert.deepEqual(placeIn(` https://b.example/chat/${ID}#link=${LINK} `, "https://b.example"), {
    kind: "conversation",
    id: ID,
    link: LINK,
  });
  assert.equal(placeIn(`https://evil.example/chat/${ID}`, "https://b.example"), undefined);
  assert.equal(placeIn("https://b.example/account", "https://b.example"), undefined);
  assert.deepEqual(placeOf({ pathname: "/chat/with/" + ID, hash: "" }), { kind: "with", user: ID });
  assert.deepEqual(placeOf({ pathname: "/chat/nothing", hash: "" }), { kind: "list" });
});

Deno.test("[W88] only web addresses become links, without the punctuation around them", () => {
  assert.deepEqual(piecesOf("see https://a.example/x?y=1, or (http://b.example)."), [
    { kind: "text", text: "see " },
    { kind: "link", text: "https://a.example/x?y=1", href: "https://a.example/x?y=1" },
    { kind: "text", text: ", or (" },
    { kind: "link", text: "http://b.example", href: "http://b.example/" },
    { kind: "text", text: ")." },
  ]);
  for (const text of ["javascript:alert(1)", "data:text/html,x", "//a.example", "https://"]) {
    assert.deepEqual(piecesOf(text), [{ kind: "text", text }]);
  }
});

Deno.test("[W88] only https addresses are attached", () => {
  assert.deepEqual(attachmentOf("https://a.example/cat.PNG?x"), {
    type: "image",
    url: "https://a.example/cat.PNG?x",
  });
  assert.deepEqual(attachmentOf("https://a.example/a%20b.zip"), {
    type: "file",
    url: "https://a.example/a%20b.zip",
    name: "a b.zip",
  });
  for (const text of ["http://a.example/x.png", "javascript:alert(1)", "cat.png", ""]) {
    assert.equal(attachmentOf(text), undefined);
  }
});

Deno.test("[W97] up to three emoji alone are shown large", () => {
  assert(isLarge("👍"));
  assert(isLarge("👩‍👩‍👧 🇵🇹 ❤️"));
  for (const text of ["👍👍👍👍", "ok 👍", "1", ""]) assert(!isLarge(text), text);
});
