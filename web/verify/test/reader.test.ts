import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lie } from '../src/finding.ts';
import { Reader, SLICE, chunksOf } from '../src/reader.ts';
import { seeded } from './lib/random.ts';

const SIZE = 5_000_000;
const bytes = new Uint8Array(SIZE).map((_, i) => (i * 31) ^ (i >> 8));
const blob = new Blob([bytes]);

test('reads anywhere are the bytes there', async (t) => {
  const random = seeded(t);
  const reader = new Reader(blob);
  for (let n = 0; n < 300; n++) {
    const at = random(SIZE);
    const len = Math.min(SIZE - at, random(n % 10 === 0 ? 3_000_000 : 2000));
    assert.deepEqual(await reader.read(at, len), bytes.subarray(at, at + len));
  }
});

test('past the end is a lie, nothing less', async () => {
  const reader = new Reader(blob);
  await assert.rejects(reader.read(SIZE, 1), Lie);
  await assert.rejects(reader.read(SIZE - 1, 2), Lie);
  await assert.rejects(reader.read(-1, 1), Lie);
  await assert.rejects(reader.chunks(10, SIZE).next(), Lie);
  assert.equal((await reader.read(SIZE, 0)).length, 0);
});

test('chunks are no longer than a slice, and make the whole', async () => {
  const reader = new Reader(blob);
  for (const [at, len] of [[0, SIZE], [3, 100], [7, 2 * SLICE], [0, 0], [1, SLICE + 1]] as const) {
    const parts: Uint8Array[] = [];
    for await (const chunk of reader.chunks(at, len)) {
      assert.ok(chunk.length <= SLICE);
      parts.push(chunk.slice());
    }
    assert.deepEqual(new Uint8Array(Buffer.concat(parts)), bytes.subarray(at, at + len));
  }
});

test('a file that cannot be read is told as such, at its path', async () => {
  const gone = { size: 10, slice: () => gone, arrayBuffer: () => Promise.reject(new Error('NotReadableError')) } as unknown as Blob;
  await assert.rejects(chunksOf(gone, 'data/x').next(), (error: Lie) =>
    error instanceof Lie && error.code === 'source-unreadable' && error.place === 'data/x' && error.kind === 'unreadable');
  await assert.rejects(new Reader(gone).read(0, 1), Lie);
});
