import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";

const SIDE_MAX = 1_024;
const COLOURS = 64;
const encoder = new TextEncoder();

/** A small painting that is always the same for the same words: as PNG, with a palette. */
export async function paint(prompt: string, width: number, height: number): Promise<Uint8Array> {
  const shrunk = Math.min(1, SIDE_MAX / Math.max(width, height));
  const [w, h] = [Math.round(width * shrunk), Math.round(height * shrunk)];
  const seed = createHash("sha256").update(prompt).digest();
  const head = new DataView(new ArrayBuffer(13));
  head.setUint32(0, w);
  head.setUint32(4, h);
  head.setUint8(8, 8);
  head.setUint8(9, 3);
  const pixels = await deflate(rows(w, h, seed));
  const parts = [
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    chunk("IHDR", new Uint8Array(head.buffer)),
    chunk("PLTE", palette(seed)),
    chunk("IDAT", pixels),
    chunk("IEND", new Uint8Array(0)),
  ];
  return await new Blob(parts).bytes();
}

/** From one colour of the seed to another. */
function palette(seed: Uint8Array): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: COLOURS * 3 }, (_, at) => {
    const share = Math.floor(at / 3) / (COLOURS - 1);
    return Math.round(seed[at % 3]! * (1 - share) + seed[3 + at % 3]! * share);
  });
}

/** Rings around a point, each row with the byte that says it is not filtered. */
function rows(width: number, height: number, seed: Uint8Array): Uint8Array<ArrayBuffer> {
  const raw = new Uint8Array((width + 1) * height);
  const [x0, y0] = [width * seed[6]! / 255, height * seed[7]! / 255];
  const step = Math.max(width, height) / (COLOURS * (1 + seed[8]! % 3));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const far = Math.abs(x - x0) + Math.abs(y - y0);
      raw[y * (width + 1) + 1 + x] = Math.floor(far / step) % COLOURS;
    }
  }
  return raw;
}

async function deflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const deflated = new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate"));
  return new Uint8Array(await new Response(deflated).arrayBuffer());
}

function chunk(type: string, data: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(12 + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  bytes.set(encoder.encode(type), 4);
  bytes.set(data, 8);
  view.setUint32(8 + data.length, crc32(bytes.subarray(4, 8 + data.length)));
  return bytes;
}
