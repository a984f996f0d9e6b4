/** The scripts that UAX 31 recommends for identifiers and that nobody mistakes for Latin. */
const BESIDE_LATIN =
  ("Arabic Armenian Bengali Devanagari Ethiopic Georgian Gujarati Gurmukhi Hebrew Kannada Khmer Lao Malayalam Myanmar " +
    "Oriya Sinhala Tamil Telugu Thaana Thai Tibetan").split(" ");
/** Of these, and of the scripts that few use today, whole words can look Latin. */
const ALONE =
  ("Cyrillic Greek Adlam Balinese Bamum Batak Canadian_Aboriginal Chakma Cham Cherokee Hanifi_Rohingya Javanese Kayah_Li " +
    "Lepcha Limbu Lisu Mandaic Meetei_Mayek Miao Mongolian New_Tai_Lue Newa Nko Ol_Chiki Osage Saurashtra Sundanese " +
    "Syloti_Nagri Syriac Tai_Le Tai_Tham Tai_Viet Tifinagh Vai Wancho Yi").split(" ");

/** What may stand together in one name: the moderately restrictive level of UTS 39, section 5.2. */
const MIXTURES = [
  ["Latin", "Han", "Hiragana", "Katakana"],
  ["Latin", "Han", "Bopomofo"],
  ["Latin", "Han", "Hangul"],
  ...BESIDE_LATIN.map((script) => ["Latin", script]),
  ...ALONE.map((script) => [script]),
].map((scripts) => {
  const allowed = ["Common", "Inherited", ...scripts].map((script) => String.raw`\p{scx=${script}}`);
  return new RegExp(`^[${allowed.join("")}]*$`, "u");
});

/** As one word of a name, or as all of it. */
const IN_CHARGE =
  ("admin admins administrator administrators sysadmin system operator operators mod mods moderator moderators staff " +
    "support barrage админ администратор модератор оператор система поддержка").split(" ");
/** Anywhere in a name: these scripts put no spaces between words. */
const IN_CHARGE_UNSPACED = "管理员 管理員 系统 系統 官方 客服 房管 超管 运营 管理者 運営 관리자 운영자"
  .normalize("NFKD").split(" ");

/** What is drawn like a letter, or read for one by habit, each beside that letter. */
const LOOKALIKES = new Map(
  ("аa еe оo рp сc уy хx іl їl јj ѕs ԁd ԛq ԝw һh ӏl кk мm тt нh вb αa οo ιl νv ρp τt υu κk ηn " +
    "0o 1l 3e 4a 5s 7t @a $s |l !l il ıl ᴀa ʙb ᴄc ᴅd ᴇe ɢg ʜh ɪl ᴊj ᴋk ʟl ᴍm ɴn ᴏo ᴘp ʀr ꜱs ᴛt ᴜu ᴠv ᴡw ʏy ᴢz")
    .split(" ").map((pair) => [...pair] as [string, string]),
);

/** Equal for what looks equal: a small part of the skeletons of UTS 39, section 4. */
function skeleton(text: string): string {
  const letters = [...text.normalize("NFKD").toLowerCase().replace(/\p{M}/gu, "")];
  return letters.map((letter) => LOOKALIKES.get(letter) ?? letter).join("")
    .replaceAll("rn", "m").replaceAll("vv", "w");
}

const TITLES = new Set(IN_CHARGE.map(skeleton));

/** Whether the name mixes scripts as no language does, so that it may look like another one. */
export function isDeceptiveMix(name: string): boolean {
  return !MIXTURES.some((mixture) => mixture.test(name));
}

/** Whether the name says, or seems to say, that its bearer runs the place. */
export function posesAsStaff(name: string): boolean {
  const plain = name.normalize("NFKD").toLowerCase();
  if (IN_CHARGE_UNSPACED.some((title) => plain.includes(title))) return true;
  const words = plain.split(/[^\p{L}\p{M}\p{N}@$|!]+/u);
  return [...words, words.join("")].some((word) =>
    TITLES.has(skeleton(word)) || TITLES.has(skeleton(word.replace(/[\d!]+$/, "")))
  );
}
