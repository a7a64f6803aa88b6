// What the program seals opens with an independent reader of Tink's format,
// and that reader refuses what anyone has changed.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from './lib/paths.mjs';
import { HEADER, SEGMENT, TAG, decryptTinkStream } from './lib/tink.mjs';

const SIZES = [0, 1, 1048519, 1048520, 1048521, 3 * 1048576 + 7];

/** The same bytes as tests/unit/crypto/pattern.h. */
function pattern(size) {
  const bytes = Buffer.alloc(size);
  for (let i = 0; i < size; i++) bytes[i] = (i * 7) ^ (i >> 8) ^ (i >> 16);
  return bytes;
}

describe('sealed streams', () => {
  let dir;
  const streams = new Map();

  before(() => {
    dir = mkdtempSync(join(tmpdir(), 'sealed-stream-'));
    const tool = join(build, 'tests', 'unit', 'crypto', 'seal_vectors');
    const made = spawnSync(tool, [dir, ...SIZES.map(String)], { encoding: 'utf8' });
    assert.equal(made.status, 0, `${made.error ?? made.stderr}`);
    for (const line of made.stdout.trimEnd().split('\n')) {
      const [, size, key, ad] = /^(\d+) ([0-9a-f]{64}) (.+)$/.exec(line);
      streams.set(Number(size), { key: Buffer.from(key, 'hex'), ad, bytes: readFileSync(join(dir, `${size}.sealed`)) });
    }
  });
  after(() => rmSync(dir, { recursive: true, force: true }));

  for (const size of SIZES) {
    test(`${size} bytes open with another's code`, () => {
      const { key, ad, bytes } = streams.get(size);
      assert.ok(decryptTinkStream(key, ad, bytes).equals(pattern(size)));
    });
  }

  test('the size of a stream is what the format says', () => {
    for (const [size, { bytes }] of streams) {
      const segments = Math.max(1, Math.ceil((size + HEADER) / (SEGMENT - TAG)));
      assert.equal(bytes.length, HEADER + size + segments * TAG);
    }
  });

  test('what is cut, swapped, flipped or another item is refused', () => {
    const { key, ad, bytes } = streams.get(3 * 1048576 + 7);
    const swapped = Buffer.concat([bytes.subarray(0, SEGMENT), bytes.subarray(2 * SEGMENT, 3 * SEGMENT),
      bytes.subarray(SEGMENT, 2 * SEGMENT), bytes.subarray(3 * SEGMENT)]);
    const flipped = Buffer.from(bytes);
    flipped[SEGMENT + 5] ^= 1;
    assert.throws(() => decryptTinkStream(key, ad, swapped));
    assert.throws(() => decryptTinkStream(key, ad, flipped));
    assert.throws(() => decryptTinkStream(key, `${ad} `, bytes));
    for (const at of [3 * SEGMENT, 2 * SEGMENT, SEGMENT, bytes.length - 1])
      assert.throws(() => decryptTinkStream(key, ad, bytes.subarray(0, at)));
    assert.ok(decryptTinkStream(key, ad, bytes).length === 3 * 1048576 + 7);
  });

  test('no two streams share a salt', () => {
    const salts = [...streams.values()].map(({ bytes }) => bytes.subarray(1, HEADER).toString('hex'));
    assert.equal(new Set(salts).size, SIZES.length);
  });
});
