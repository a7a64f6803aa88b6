import assert from 'node:assert/strict';
import { test } from 'node:test';
import { numberIn, objectIn, parseCanonical, textIn, type JsonObject } from '../src/json.ts';
import { text } from './lib/archives.ts';
import { entry, itemId } from './lib/bags.ts';
import { seeded, textOf, type Random } from './lib/random.ts';

const parse = (s: string) => parseCanonical(text(s));

test('entries as the log writes them', () => {
  const json = parse(entry({ act: 'evidence.sealed', id: itemId(1), detail: '{"size":9007199254740993}' })) as JsonObject;
  assert.equal(textIn(json, 'act'), 'evidence.sealed');
  assert.equal(numberIn(objectIn(json, 'detail'), 'size'), 9007199254740993n);
  assert.equal(textIn(objectIn(json, 'object'), 'id'), itemId(1));
  assert.equal(textIn(json, 'none'), undefined);
  assert.equal(textIn(json, 'v'), undefined);
});

test('one spelling', () => {
  for (const good of ['{}', '{"a":[]}', '{"a":[1,-1,0,"x",null,true,false,{}]}', '{"a":"\\"\\\\\\n\\u0001"}', '{"a":"é\u{1f600}/"}',
    '{"":0}', '{"a":1,"b":{"a":1}}'])
    assert.equal(typeof parse(good), 'object', good);
  for (const other of [' {}', '{} ', '{ }', '{"b":1,"a":1}', '{"a": 1}', '{"a":1 }', '{"a":1.0}', '{"a":1e3}', '{"a":-0}',
    '{"a":0.5}', '{"a":"\\/"}', '{"a":"\\u0041"}', '{"a":"\\u000A"}', '{"a":"\\u001F"}', '{"a":[1, 2]}', '{"a":"\\ud83d\\ude00"}',
    '{"\\u0061":1}', '{}\n'])
    assert.equal(parse(other), 'spelling', other);
  for (const none of ['', 'x', '[]', '1', 'null', '{"a":1', '{"a":01}', '{"a":1,}', '{"a":+1}', "{'a':1}", '{"a":"\n"}', '{"a":1,"a":1}',
    '{"a":9223372036854775808}', '{"a":tru}', '{a:1}', `{"a":${'['.repeat(200)}${']'.repeat(200)}}`])
    assert.equal(parse(none), 'malformed', none);
  assert.equal(parseCanonical(Uint8Array.of(0x7b, 0xff, 0x7d)), 'malformed');
});

test('names do not reach what objects inherit', () => {
  const json = parse('{"__proto__":{"act":"x"},"constructor":1}') as JsonObject;
  assert.equal(textIn(json, 'act'), undefined);
  assert.equal(textIn(parse('{}') as JsonObject, 'toString'), undefined);
});

type Plain = null | boolean | number | string | Plain[] | { [name: string]: Plain };

function value(random: Random, depth: number): Plain {
  switch (random(depth > 3 ? 4 : 6)) {
    case 0: return null;
    case 1: return random(2) === 0;
    case 2: return random(1 << 30) - (1 << 29);
    case 3: return textOf(random) + ['', '"', '\\', '\u0001'][random(4)];
    case 4: return Array.from({ length: random(4) }, () => value(random, depth + 1));
    default: return Object.fromEntries(Array.from({ length: random(4) }, () => [textOf(random), value(random, depth + 1)]));
  }
}

/** Canonical, the plain way. */
function canonical(v: Plain): string {
  if (Array.isArray(v)) return `[${v.map(canonical).join(',')}]`;
  if (typeof v !== 'object' || v === null) return JSON.stringify(v);
  const names = Object.keys(v).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(v[name]!)}`).join(',')}}`;
}

test('whatever is canonical is taken, with any space in it refused', (t) => {
  const random = seeded(t);
  for (let n = 0; n < 500; n++) {
    const written = canonical({ v: value(random, 0) });
    assert.equal(typeof parse(written), 'object', written);
    const at = written.indexOf(':') + 1;
    assert.equal(parse(`${written.slice(0, at)} ${written.slice(at)}`), 'spelling', written);
    assert.notEqual(typeof parse(written.slice(0, random(written.length))), 'object');
  }
});
