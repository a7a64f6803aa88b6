// The three sums of a file, streamed.  SHA-256 and SHA-512 are those of
// @noble/hashes, for what browsers have of their own does not stream.
import { sha256, sha512 } from '@noble/hashes/sha2';
import { chunksOf } from './reader.ts';

export interface ShortSums {
  readonly sha256: Uint8Array;
  /** That of zip archives. */
  readonly crc32: number;
}

export interface LongSums {
  readonly sha512: Uint8Array;
}

export type Sums = ShortSums & LongSums;

/** Told of each run of bytes hashed; waits where others must have their turn. */
export type Tick = (bytes: number) => void | Promise<void>;

/** One pass over a file makes some of its sums. */
interface Sum {
  add(bytes: Uint8Array): void;
}

class Short implements Sum {
  private readonly hash = sha256.create();
  private crc = 0;

  add(bytes: Uint8Array): void {
    this.hash.update(bytes);
    this.crc = crc32(bytes, this.crc);
  }

  done(): ShortSums {
    return { sha256: this.hash.digest(), crc32: this.crc };
  }
}

class Long implements Sum {
  private readonly hash = sha512.create();

  add(bytes: Uint8Array): void {
    this.hash.update(bytes);
  }

  done(): LongSums {
    return { sha512: this.hash.digest() };
  }
}

export class Summing implements Sum {
  private readonly short = new Short();
  private readonly long = new Long();
  size = 0;

  add(bytes: Uint8Array): void {
    this.short.add(bytes);
    this.long.add(bytes);
    this.size += bytes.length;
  }

  done(): Sums {
    return { ...this.short.done(), ...this.long.done() };
  }
}

/** Sums of a whole blob, at `path` for whoever reads of its failure. */
export type Summer<T = Sums> = (blob: Blob, path: string, tick: Tick) => Promise<T>;

function summer<T>(make: () => Sum & { done(): T }): Summer<T> {
  return async (blob, path, tick) => {
    const sum = make();
    for await (const chunk of chunksOf(blob, path)) {
      sum.add(chunk);
      await tick(chunk.length);
    }
    return sum.done();
  };
}

export const sumAll: Summer = summer(() => new Summing());
/** The two halves of the work, about equally long, for two workers. */
export const sumShort: Summer<ShortSums> = summer(() => new Short());
export const sumLong: Summer<LongSums> = summer(() => new Long());

export function sha256Of(...parts: readonly Uint8Array[]): Uint8Array {
  const sum = sha256.create();
  for (const part of parts) sum.update(part);
  return sum.digest();
}

// CRC-32 (ISO 3309, reflected), eight bytes at a step: table k gives what a
// byte followed by k zero bytes becomes.
const TABLES = Array.from({ length: 8 }, () => new Uint32Array(256));

function fillTables(): void {
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? 0xedb88320 ^ (crc >>> 1) : crc >>> 1;
    TABLES[0]![byte] = crc;
  }
  for (let byte = 0; byte < 256; byte++)
    for (let k = 1; k < 8; k++) {
      const before = TABLES[k - 1]![byte]!;
      TABLES[k]![byte] = TABLES[0]![before & 255]! ^ (before >>> 8);
    }
}
fillTables();

/** Of what came before and `bytes`. */
export function crc32(bytes: Uint8Array, before = 0): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = TABLES as [Uint32Array, Uint32Array, Uint32Array,
    Uint32Array, Uint32Array, Uint32Array, Uint32Array, Uint32Array];
  const whole = bytes.length & ~7;
  let crc = ~before;
  let i = 0;
  for (; i < whole; i += 8) {
    crc ^= bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
    crc = t7[crc & 255]! ^ t6[(crc >>> 8) & 255]! ^ t5[(crc >>> 16) & 255]! ^ t4[crc >>> 24]! ^
      t3[bytes[i + 4]!]! ^ t2[bytes[i + 5]!]! ^ t1[bytes[i + 6]!]! ^ t0[bytes[i + 7]!]!;
  }
  for (; i < bytes.length; i++) crc = t0[(crc ^ bytes[i]!) & 255]! ^ (crc >>> 8);
  return ~crc >>> 0;
}
