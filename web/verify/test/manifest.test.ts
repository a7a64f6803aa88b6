import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lie } from '../src/finding.ts';
import { parseManifest } from '../src/manifest.ts';
import { text } from './lib/archives.ts';

const SHORT = 'a0'.repeat(32);
const LONG = '0f'.repeat(64);
const parse = (s: string | Uint8Array, kind: 'sha256' | 'sha512' = 'sha256') =>
  parseManifest('m.txt', kind, typeof s === 'string' ? text(s) : s);

test('lines of a hash, two spaces and a path', () => {
  assert.deepEqual([...parse(`${SHORT}  data/a b\n${SHORT}  data/100%25\n`).sums], [['data/a b', SHORT], ['data/100%', SHORT]]);
  assert.deepEqual([...parse(`${LONG}  ä\n`, 'sha512').sums], [['ä', LONG]]);
  assert.equal(parse('').sums.size, 0);
});

test('all else is refused, at its own name', () => {
  const wrong: [string | Uint8Array, RegExp][] = [
    [`${SHORT}  a`, /cut short/], [`${SHORT} a\n`, /line 1/], [`${SHORT} *a\n`, /line 1/], [`${SHORT}  \n`, /line 1/],
    [`${SHORT.toUpperCase()}  a\n`, /line 1/], [`${SHORT}0  a\n`, /line 1/], [`${SHORT.slice(2)}  aaaa\n`, /line 1/],
    [`${LONG}  a\n`, /line 1/], ['\n', /line 1/], [`${SHORT}  a\n\n`, /line 2/], [`${SHORT}  ../a\n`, /not a path/],
    [`${SHORT}  a%20b\n`, /not a path/], [`${SHORT}  a\r\n`, /not a path/], [`${SHORT}\t\ta\n`, /line 1/],
    [`${SHORT}  a\n${SHORT}  b\n${SHORT}  a\n`, /twice/],
    [Buffer.concat([text(`${SHORT}  `), Buffer.of(0xff, 0x0a)]), /not a path/],
  ];
  for (const [bytes, why] of wrong)
    assert.throws(() => parse(bytes), (error) => error instanceof Lie && error.place === 'm.txt' && why.test(error.text), String(bytes));
});
