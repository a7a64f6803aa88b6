import assert from 'node:assert/strict';
import { test } from 'node:test';
import { continues, emptyRoot, includes, leafHash, nodeHash } from '../src/merkle.ts';
import { text } from './lib/archives.ts';
import { path, root, since } from './lib/bags.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const entries = Array.from({ length: 70 }, (_, i) => text(`entry ${i}`));

test('RFC 6962: the empty tree, a leaf, a node', () => {
  assert.equal(hex(emptyRoot()), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  assert.equal(hex(leafHash(new Uint8Array(0))), '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d');
  assert.equal(hex(nodeHash(leafHash(entries[0]!), leafHash(entries[1]!))), hex(root(entries.slice(0, 2))));
});

test('every entry of every tree is proven, at its own index alone', () => {
  for (let size = 1; size <= entries.length; size++) {
    const tree = entries.slice(0, size);
    const top = root(tree);
    for (let i = 0; i < size; i++) {
      const proof = path(i, tree);
      const leaf = leafHash(tree[i]!);
      assert.ok(includes(BigInt(i), BigInt(size), leaf, proof, top), `${i} of ${size}`);
      for (const other of [i - 1, i + 1, i ^ 1, size])
        if (other !== i && other >= 0) assert.ok(!includes(BigInt(other), BigInt(size), leaf, proof, top), `${other} for ${i} of ${size}`);
    }
  }
});

test('whatever is changed, the proof fails', () => {
  const tree = entries.slice(0, 37);
  const top = root(tree);
  const proof = path(20, tree);
  const leaf = leafHash(tree[20]!);
  const flip = (hash: Uint8Array) => hash.map((b, i) => (i === 7 ? b ^ 4 : b));
  assert.ok(!includes(20n, 37n, flip(leaf), proof, top));
  assert.ok(!includes(20n, 37n, leaf, proof, flip(top)));
  assert.ok(!includes(20n, 37n, leaf, proof.slice(1), top));
  assert.ok(!includes(20n, 37n, leaf, [...proof, leaf], top));
  assert.ok(!includes(20n, 0n, leaf, [], top));
  proof.forEach((hash, i) => assert.ok(!includes(20n, 37n, leaf, proof.map((h, j) => (i === j ? flip(hash) : h)), top)));
});

test('every tree is the beginning of every later one, and of no other', () => {
  for (let size = 1; size <= 40; size++)
    for (let old = 1; old <= size; old++) {
      const now = root(entries.slice(0, size));
      const was = root(entries.slice(0, old));
      const way = since(old, entries.slice(0, size));
      const ok = (o: number, n: number, p = way, a = was, b = now) => continues(BigInt(o), BigInt(n), p, a, b);
      assert.ok(ok(old, size), `${old} to ${size}`);
      const flip = (h: Uint8Array) => h.map((b, i) => (i === 3 ? b ^ 1 : b));
      assert.ok(!ok(old, size, way, flip(was)) && !ok(old, size, way, was, flip(now)));
      assert.ok(!ok(old, size, [...way, was]) && !ok(0, size) && !ok(size + 1, size));
      if (old < size) {
        assert.ok(!ok(old, size, way.slice(1)) && !ok(old, size, way.slice(0, -1)));
        way.forEach((h, i) => assert.ok(!ok(old, size, way.map((x, j) => (i === j ? flip(h) : x)))));
      }
    }
});

test('sizes past 32 bits', () => {
  // A tree of 2^40 + 1: the last leaf stands alone beside the rest.
  const rest = leafHash(text('all the rest'));
  const leaf = leafHash(text('last'));
  assert.ok(includes(2n ** 40n, 2n ** 40n + 1n, leaf, [rest], nodeHash(rest, leaf)));
  assert.ok(!includes(0n, 2n ** 40n + 1n, leaf, [rest], nodeHash(leaf, rest)));
});
