import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { Summing, crc32, sha256Of, sumAll, sumLong, sumShort } from '../src/hashing.ts';
import { crc, text } from './lib/archives.ts';
import { bytesOf, seeded } from './lib/random.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

test('CRC-32: the check value, and the sum bit by bit', (t) => {
  const random = seeded(t);
  assert.equal(crc32(text('123456789')), 0xcbf43926);
  assert.equal(crc32(new Uint8Array(0)), 0);
  for (let n = 0; n < 100; n++) {
    const bytes = bytesOf(random, n);
    const cut = random(n + 1);
    assert.equal(crc32(bytes), crc(bytes));
    assert.equal(crc32(bytes.subarray(cut), crc32(bytes.subarray(0, cut))), crc(bytes));
  }
});

test('sums in any pieces are those of the whole', (t) => {
  const random = seeded(t);
  for (let n = 0; n < 50; n++) {
    const bytes = bytesOf(random, random(1000));
    const sums = new Summing();
    for (let at = 0; at < bytes.length;) {
      const len = 1 + random(300);
      sums.add(bytes.subarray(at, at + len));
      at += len;
    }
    const done = sums.done();
    assert.equal(sums.size, bytes.length);
    assert.equal(hex(done.sha256), createHash('sha256').update(bytes).digest('hex'));
    assert.equal(hex(done.sha512), createHash('sha512').update(bytes).digest('hex'));
    assert.equal(done.crc32, crc(bytes));
  }
});

test('a blob of several slices: whole, in halves, and told as it goes on', async () => {
  const bytes = new Uint8Array((5 << 20) + 17).map((_, i) => i * 7 + (i >> 9));
  const blob = new Blob([bytes]);
  let told = 0;
  const all = await sumAll(blob, 'x', (n) => { told += n; });
  assert.equal(told, bytes.length);
  assert.equal(hex(all.sha256), createHash('sha256').update(bytes).digest('hex'));
  assert.deepEqual({ ...await sumShort(blob, 'x', () => {}), ...await sumLong(blob, 'x', () => {}) }, all);
  assert.equal(hex((await sumAll(new Blob([]), 'x', () => {})).sha256), createHash('sha256').digest('hex'));
});

test('SHA-256 of several parts', () => {
  assert.equal(hex(sha256Of(text('a'), text('bc'))), createHash('sha256').update('abc').digest('hex'));
});
