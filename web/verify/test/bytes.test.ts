import assert from 'node:assert/strict';
import { test } from 'node:test';
import { base64, compareUtf8, concat, equal, fromBase64, fromUtf8, hex, latin1, utf8, wholeNumber } from '../src/bytes.ts';
import { bytesOf, seeded, textOf } from './lib/random.ts';

test('base64 goes to and fro, as Node has it', (t) => {
  const random = seeded(t);
  for (let n = 0; n < 200; n++) {
    const bytes = bytesOf(random, n % 70);
    assert.equal(base64(bytes), Buffer.from(bytes).toString('base64'));
    assert.deepEqual(fromBase64(base64(bytes)), bytes);
  }
});

test('base64 has one spelling', () => {
  for (const wrong of ['A', 'AA', 'AAA', 'AA=', 'A===', '=AAA', 'AA==AA==', 'AB==', 'AAB=', 'AA-_', 'AA A', ' AAA',
    'AAAA\n', 'ÄAAA', '====', 'AA=A'])
    assert.equal(fromBase64(wrong), undefined, wrong);
  assert.deepEqual(fromBase64(''), new Uint8Array(0));
});

test('UTF-8 is strict and keeps a byte order mark', () => {
  assert.equal(fromUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61)), '\ufeffa');
  for (const wrong of [[0x80], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82], [0xff]])
    assert.equal(fromUtf8(Uint8Array.from(wrong)), undefined);
});

test('texts compare as their UTF-8 bytes do', (t) => {
  const random = seeded(t);
  const sign = (n: number) => Math.sign(n);
  for (let n = 0; n < 3000; n++) {
    const [a, b] = [textOf(random), textOf(random)];
    assert.equal(sign(compareUtf8(a, b)), sign(Buffer.compare(Buffer.from(a), Buffer.from(b))), `${a} ${b}`);
  }
  assert.ok(compareUtf8('\uffff', '\u{10000}') < 0);
});

test('whole numbers have one form', () => {
  assert.equal(wholeNumber('0'), 0n);
  assert.equal(wholeNumber('9223372036854775807'), 2n ** 63n - 1n);
  for (const wrong of ['', '00', '01', '-1', '+1', '1 ', ' 1', '1.0', '1e3', '9223372036854775808', '99999999999999999999', '0x1', '１'])
    assert.equal(wholeNumber(wrong), undefined, wrong);
});

test('small tools', () => {
  assert.equal(hex(Uint8Array.of(0, 15, 255)), '000fff');
  assert.equal(latin1(Uint8Array.from({ length: 20000 }, (_, i) => i & 255)).length, 20000);
  assert.deepEqual(concat([utf8('a'), utf8(''), utf8('bc')]), utf8('abc'));
  assert.ok(equal(utf8('ab'), utf8('ab')) && !equal(utf8('ab'), utf8('ac')) && !equal(utf8('a'), utf8('ab')));
});
