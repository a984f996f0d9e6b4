import { equal } from "node:assert/strict";
import { Login, NewLogin, Register, UpdateProfile } from "protocol/accounts.ts";
import { CreateGuest, PersonName } from "protocol/users.ts";

const PLAIN = [
  "Alice",
  "小明",
  "小明Alice",
  "ひらがな漢字カナ",
  "한글 Kim",
  "Иван",
  "Ωμέγα",
  "สวย Alice",
  "Alexツ",
  "🔥Queen👑 666",
  "Modern Nomad",
  "Systematic",
  "Amin",
  "Joe Root",
];

const MIXED = ["Аlice", "Alісe", "Ivan Иван", "Ωmega", "Ꭺlice", "αdam", "سlام Иван", "漢字Иван"];

const POSING = [
  "admin",
  "ADM1N",
  "adrnin",
  "a.d.m.i.n",
  "A d m i n",
  "ádmin",
  "𝒶𝒹𝓂𝒾𝓃",
  "ᴀᴅᴍɪɴ",
  "@dmin!!",
  "Site Administrator",
  "Ｓｙｓｔｅｍ",
  "ѕуѕтем",
  "0perator 7",
  "Chat Moderator",
  "Kim (mod)",
  "Админ",
  "系统通知",
  "房间管理员",
  "운영자",
];

for (const name of PLAIN) {
  Deno.test(`[A3] ${name} is a name`, () => equal(PersonName.safeParse(name).success, true));
}

for (const name of MIXED) {
  Deno.test(`[A3] ${name} mixes scripts to look like another name`, () => {
    equal(PersonName.safeParse(name).error?.issues[0]?.message, "must not mix scripts that look alike");
  });
}

for (const name of POSING) {
  Deno.test(`[A3] ${name} poses as those in charge`, () => {
    equal(PersonName.safeParse(name).error?.issues[0]?.message, "must not pose as those who run the server");
  });
}

Deno.test("[A3] the name of an account, a changed one and a guest's are held to the same", () => {
  const password = "correct horse";
  for (const name of ["Аlice", "admin"]) {
    equal(Register.safeParse({ login: "alice", password, name }).success, false);
    equal(UpdateProfile.safeParse({ name }).success, false);
    equal(CreateGuest.safeParse({ name }).success, false);
  }
});

Deno.test("[A3] logins are of ASCII letters in one case, so that no two look alike, and pose as nobody", () => {
  equal(NewLogin.parse("Alice_9.x-y"), "alice_9.x-y");
  for (
    const login of [
      "аlice",
      "alicе",
      "ａlice",
      "ali ce",
      "al\r\nice",
      ".alice",
      "al",
      "a".repeat(33),
      "álice",
    ]
  ) {
    equal(NewLogin.safeParse(login).success, false, login);
  }
  for (const login of ["admin", "Admin-1", "the.moderator", "sy5tem"]) {
    equal(NewLogin.safeParse(login).success, false, login);
    equal(Login.safeParse(login).success, true, login);
  }
});
