const SLAB_BYTES = 65_536;

/** Makes copies that live shortly: small ones share a buffer, as an allocation each would cost more than the sending. */
export class ShortCopies {
  #slab = new Uint8Array(SLAB_BYTES);
  #used = 0;

  copy(data: Uint8Array): Uint8Array {
    if (data.byteLength > SLAB_BYTES / 16) return new Uint8Array(data);
    if (this.#used + data.byteLength > SLAB_BYTES) {
      this.#slab = new Uint8Array(SLAB_BYTES);
      this.#used = 0;
    }
    const copy = this.#slab.subarray(this.#used, this.#used + data.byteLength);
    copy.set(data);
    this.#used += data.byteLength;
    return copy;
  }
}
