// A large file whose every byte can be told again without it: a block of
// random bytes repeated, the number of each block at its start.
import { randomFillSync } from 'node:crypto';
import { closeSync, openSync, writeSync } from 'node:fs';

const BLOCK = 1 << 20;

export class Item {
  constructor(path, mib) {
    this.path = path;
    this.size = mib * BLOCK;
    this.block = randomFillSync(Buffer.allocUnsafe(BLOCK));
    const fd = openSync(path, 'w');
    for (let i = 0; i < mib; i++) writeSync(fd, this.stamped(i));
    closeSync(fd);
  }

  stamped(i) {
    this.block.writeBigUInt64LE(BigInt(i));
    return this.block;
  }

  /** Are these the bytes from `first` on? */
  has(first, bytes) {
    for (let at = 0; at < bytes.length;) {
      const within = (first + at) % BLOCK;
      const n = Math.min(BLOCK - within, bytes.length - at);
      const block = this.stamped(Math.floor((first + at) / BLOCK));
      if (block.compare(bytes, at, at + n, within, within + n) !== 0) return false;
      at += n;
    }
    return true;
  }
}
