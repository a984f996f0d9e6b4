import { equal, match } from "node:assert/strict";
import { noticeWords } from "../../web/shell/notice_words.ts";

Deno.test("[W151] what is told is what somebody at the page would notice, the greatest first", () => {
  const member = (...on: string[]) => noticeWords(on, true, "chat");
  const guest = (...on: string[]) => noticeWords(on, false, "room");
  equal(member(), undefined);
  equal(member("serve-stale", "shed-anonymous", "shed-guests"), undefined);
  equal(guest("serve-stale", "shed-anonymous"), undefined);
  match(guest("serve-stale", "shed-guests", "shed-low") ?? "", /guests have to wait/);
  match(member("shed-low") ?? "", /some things/);
  match(member("shed-guests", "read-only", "shed-low") ?? "", /nothing can be changed/);
  equal(member("shed-ai"), undefined);
  match(noticeWords(["shed-ai"], true, "ai") ?? "", /new questions/);
});
