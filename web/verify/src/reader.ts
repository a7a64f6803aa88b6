// Reading a Blob of any size: small reads out of a window that follows them,
// large ones in slices, the next being read while one is used.
import { Lie } from './finding.ts';

const WINDOW = 1 << 20;
export const SLICE = 2 << 20;

/** The browser's words for a file that went away or changed meanwhile. */
export function cannotRead(path: string, error: unknown): Lie {
  const why = error instanceof Error ? error.message : String(error);
  return new Lie('source-unreadable', path, `it could not be read: ${why}`, 'unreadable');
}

async function bytesOf(blob: Blob, path: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await blob.arrayBuffer());
  } catch (error) {
    throw cannotRead(path, error);
  }
}

export class Reader {
  private window: Uint8Array = new Uint8Array(0);
  private from = 0;

  constructor(readonly blob: Blob) {}

  get size(): number {
    return this.blob.size;
  }

  /** Exactly `len` bytes, which are the caller's until its next read. */
  async read(at: number, len: number): Promise<Uint8Array> {
    if (at < 0 || len > this.size - at)
      throw new Lie('archive-cut', '', 'the archive is cut short');
    if (at < this.from || at + len > this.from + this.window.length) {
      const end = Math.min(this.size, at + Math.max(len, WINDOW));
      this.window = await bytesOf(this.blob.slice(at, end), '');
      this.from = at;
    }
    return this.window.subarray(at - this.from, at - this.from + len);
  }

  /** A run of bytes in chunks; small ones come out of the window. */
  async *chunks(at: number, len: number): AsyncGenerator<Uint8Array> {
    if (len > this.size - at) throw new Lie('archive-cut', '', 'the archive is cut short');
    if (len <= WINDOW) yield await this.read(at, len);
    else yield* chunksOf(this.blob.slice(at, at + len));
  }
}

/** All of a blob; no more than two slices are held. */
export async function* chunksOf(blob: Blob, path = ''): AsyncGenerator<Uint8Array> {
  const slice = (at: number) => {
    const bytes = bytesOf(blob.slice(at, at + SLICE), path);
    bytes.catch(() => undefined); // heard of below, or no longer wanted
    return bytes;
  };
  let next = slice(0);
  for (let at = 0; at < blob.size; at += SLICE) {
    const now = await next;
    if (at + SLICE < blob.size) next = slice(at + SLICE);
    yield now;
  }
}
