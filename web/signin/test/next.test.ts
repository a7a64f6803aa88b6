import assert from 'node:assert/strict';
import { test } from 'node:test';
import { safeNext } from '../src/next.ts';

const HERE = 'https://evidence.example.gov:8443';

test('a path of this site', () => {
  for (const path of ['/', '/v1/agencies/harbor-pd/evidence', '/a?b=c&d=%2F%2Fevil#e', '/a//b', '/%2F%2Fevil',
    '/a/../b', '/é', '/@evil.example', '/:8443', '/a?u=https://evil.example'])
    assert.equal(safeNext(path, HERE), new URL(path, HERE).href, path);
});

test('nothing else', () => {
  for (const path of [null, '', 'a', 'evil.example', '//evil.example', '///evil.example', '/\\evil.example',
    '\\\\evil.example', '\\/evil.example', 'https:evil.example', 'https://evil.example', 'https:/evil.example',
    'javascript:alert(1)', 'JaVaScRiPt:alert(1)', 'data:text/html,x', 'blob:x', 'vbscript:x', '/\t/evil.example',
    '\t//evil.example', '/\n/evil.example', '\n/x', ' /x', '/ x', '/\r\n/evil.example', '/\u0000/evil.example', '/a\\b',
    '/.//evil.example', '/./\\evil.example', '/..//evil.example', '/a/..//evil.example', '/%2e%2e//evil.example',
    `/${'a'.repeat(3000)}`, '@evil.example', ':8443/x', '?x', '#x', '\u00a0//evil.example', '\u2028//evil'])
    assert.equal(safeNext(path, HERE), undefined, JSON.stringify(path));
});

test('what is returned stays here, however it is parsed again', () => {
  const pieces = ['/', '\\', '.', '..', '%2e', '%2f', 'evil.example', ':', '@', '?', '#', '\t', '\n', 'https:', 'a', '//'];
  let kept = 0;
  for (let seed = 1, n = 0; n < 20_000; n++) {
    let path = '';
    for (let i = 0; i < 6; i++) {
      seed = (seed * 48271) % 2147483647;
      path += pieces[seed % pieces.length];
    }
    const got = safeNext(`/${path}`, HERE);
    if (got === undefined) continue;
    kept++;
    assert.equal(new URL(got, 'https://other.example').origin, HERE, path);
  }
  assert.ok(kept > 100, `${kept} were taken`);
});
