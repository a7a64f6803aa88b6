import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPayload, pathName, pathOk, place, unescapePath } from '../src/path.ts';
import { text } from './lib/archives.ts';

test('legal paths', () => {
  for (const path of ['a', 'data/x', 'a/b/c', 'ä/…', '...', '.a', 'a..', 'x'.repeat(500), 'C:', 'a b', 'é'.repeat(250)])
    assert.ok(pathOk(path), path);
});

test('paths that could lead out, or are not plain text', () => {
  for (const path of ['', '/', '/a', 'a/', 'a//b', '.', '..', 'a/..', '../a', 'a/./b', './a', 'a\\b', 'a\0', 'a\nb',
    'a\x7f', '\x1b[31m', 'x'.repeat(501), 'é'.repeat(251)])
    assert.ok(!pathOk(path), JSON.stringify(path));
});

test('manifests encode CR, LF and %, and only those', () => {
  const good: [string, string | undefined][] = [['a%25b', 'a%b'], ['a b', 'a b'], ['%2525', '%25'],
    // Legal in a manifest, but not in one of our bags: a control character.
    ['a%0Ab', undefined], ['a%0d', undefined],
    ['a%', undefined], ['a%2', undefined], ['a%20b', undefined], ['a%2F', undefined], ['../x', undefined]];
  for (const [written, path] of good) assert.equal(unescapePath(text(written)), path, written);
  assert.equal(unescapePath(Uint8Array.of(0xff)), undefined);
});

test('payload, names, places', () => {
  assert.ok(isPayload('data/a') && !isPayload('data') && !isPayload('xdata/a') && !isPayload('Data/a'));
  assert.equal(pathName('a\\b\\c'), 'a_b_c');
  assert.equal(place('a\x1b\x07b'), 'a??b');
  assert.ok(place('x'.repeat(2000)).length < 600);
});
