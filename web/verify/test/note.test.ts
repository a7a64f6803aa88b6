import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { signatureOk } from '../src/ed25519.ts';
import { Lie, type Code } from '../src/finding.ts';
import { checkCheckpoint, fingerprint, parseKey, parseProof, proves, restsOn, type LogKey } from '../src/note.ts';
import { text } from './lib/archives.ts';
import { Log } from './lib/bags.ts';

const log = new Log();
for (let i = 0; i < 11; i++) log.append(`{"entry":${i}}`);
const key = parseKey(log.vkey) as LogKey;
const note = log.checkpoint();

test('a verifier key has one spelling', () => {
  assert.equal(key.name, log.name);
  assert.deepEqual(Buffer.from(key.key), log.raw);
  assert.equal(fingerprint(key), createHash('sha256').update(log.vkey).digest('hex'));
  const [name, id, digits] = log.vkey.split(/\+(.{8})\+/) as [string, string, string];
  for (const wrong of ['', name, `${name}+${id}`, `${name}+${id}+`, `+${id}+${digits}`, `${name}x+${id}+${digits}`,
    `${name}+${id.toUpperCase()}x+${digits}`, `${name}+00000000+${digits}`, `${log.vkey}\n`, ` ${log.vkey}`, `${log.vkey} `,
    `${name}+${id}+${digits.slice(0, -4)}`, log.vkey.replace('+A', '+B'), `a b+${id}+${digits}`, `${'n'.repeat(256)}+${id}+${digits}`])
    assert.equal(parseKey(wrong), undefined, wrong);
});

async function code(bytes: Uint8Array | string): Promise<Code | 'good'> {
  try {
    await checkCheckpoint(key, typeof bytes === 'string' ? text(bytes) : bytes, 'log/checkpoint');
    return 'good';
  } catch (error) {
    if (error instanceof Lie) return error.code;
    throw error;
  }
}

test('a signed checkpoint is read', async () => {
  const checkpoint = await checkCheckpoint(key, text(note), 'log/checkpoint');
  assert.equal(checkpoint.size, 11n);
  assert.equal(checkpoint.root.length, 32);
  assert.deepEqual(checkpoint.others, []);
});

test('other signatures and extension lines pass', async () => {
  const witness = new Log('witness.example');
  const more = `${note}${witness.signature('x')}\u2014 other AAAAAAA=\n`;
  assert.deepEqual((await checkCheckpoint(key, text(more), '')).others, ['witness.example', 'other']);
  assert.equal(await code(log.checkpoint('extension\n')), 'good');
});

test('checkpoints that lie', async () => {
  const [signed, signature] = note.split('\n\n') as [string, string];
  const sign = (body: string) => `${body}\n${log.signature(body)}`;
  const lines = signed.split('\n') as [string, string, string];
  const cases: [string, string, Code][] = [
    ['nothing', '', 'checkpoint-malformed'],
    ['no signatures', `${signed}\n`, 'checkpoint-malformed'],
    ['no end', note.slice(0, -1), 'checkpoint-malformed'],
    ['a blank line behind', `${note}\n`, 'checkpoint-malformed'],
    ['a control character', note.replace('gov', 'g\tv'), 'checkpoint-malformed'],
    ['a changed size', note.replace('\n11\n', '\n12\n'), 'checkpoint-signature'],
    ['another signer only', `${signed}\n\n${new Log('else').signature(`${signed}\n`)}`, 'checkpoint-unsigned'],
    ['the key’s name with another id', `${signed}\n\n${new Log(log.name).signature(`${signed}\n`)}`, 'checkpoint-unsigned'],
    ['a signature line that is none', `${note}nonsense\n`, 'checkpoint-malformed'],
    ['a signature that is no base64', note.replace(signature, `\u2014 ${log.name} !!!!\n`), 'checkpoint-malformed'],
    ['a signature cut short', `${signed}\n\n\u2014 ${log.name} ${Buffer.concat([log.keyId, Buffer.alloc(10)]).toString('base64')}\n`, 'checkpoint-signature'],
    ['one good, one wrong signature', `${note}\u2014 ${log.name} ${Buffer.concat([log.keyId, Buffer.alloc(64)]).toString('base64')}\n`, 'checkpoint-signature'],
    ['33 signatures', note + new Log('w').signature('x').repeat(32), 'checkpoint-malformed'],
    ['another log', sign(`other\n${lines[1]}\n${lines[2]}\n`), 'checkpoint-other'],
    ['a size that is none', sign(`${lines[0]}\n011\n${lines[2]}\n`), 'checkpoint-malformed'],
    ['no root', sign(`${lines[0]}\n11\n`), 'checkpoint-malformed'],
    ['a root cut short', sign(`${lines[0]}\n11\nAAAA\n`), 'checkpoint-malformed'],
    ['an empty log with a root', sign(`${lines[0]}\n0\n${lines[2]}\n`), 'checkpoint-malformed'],
    ['an empty extension line', sign(`${lines[0]}\n11\n${lines[2]}\n\nx\n`), 'checkpoint-malformed'],
  ];
  for (const [name, bytes, want] of cases) assert.equal(await code(bytes), want, name);
});

test('no byte of a checkpoint can be changed, none left away', async () => {
  const bytes = text(note);
  for (let i = 0; i < bytes.length; i++) {
    const copy = bytes.slice();
    copy[i]! ^= 1;
    assert.notEqual(await code(copy), 'good', `byte ${i}`);
    assert.notEqual(await code(bytes.subarray(0, i)), 'good', `length ${i}`);
  }
});

test('a proof is parsed, or is none', () => {
  const proof = log.proof(3, note);
  const parsed = parseProof(text(proof))!;
  assert.equal(parsed.index, 3n);
  assert.equal(Buffer.from(parsed.checkpoint).toString(), note);
  assert.equal(parseProof(text(proof.replace('\nindex', '\nextra AAAA\nindex')))?.index, 3n);
  for (const wrong of ['', 'c2sp.org/tlog-proof@v1\n', proof.replace('@v1', '@v2'), proof.replace('index 3', 'index 03'),
    proof.replace('index 3', 'index -3'), proof.replace('index 3', 'indx 3'), proof.replace('index 3\n', ''),
    proof.replace('\nindex', '\nextra !\nindex'), proof.replace('\nindex', '\nextra \nindex'),
    proof.replace('index 3\n', 'index 3\nAAAA\n'), proof.replace('index 3\n', `index 3\n${`${'A'.repeat(43)}=\n`.repeat(61)}`),
    proof.replace(/\n\n/g, '\n')])
    assert.equal(parseProof(text(wrong)), undefined, wrong);
});

test('a proof proves its own entry under its own checkpoint', async () => {
  const checkpoint = await checkCheckpoint(key, text(note), '');
  for (let i = 0; i < 11; i++) {
    const bytes = text(log.proof(i, note));
    const proof = parseProof(bytes)!;
    assert.ok(restsOn(bytes, text(note)));
    assert.ok(proves(proof, checkpoint, log.entries[i]!));
    assert.ok(!proves(proof, checkpoint, log.entries[(i + 1) % 11]!));
  }
  assert.ok(!restsOn(text(log.proof(1, note)), text(log.checkpoint('other\n'))));
  assert.ok(!restsOn(text(note), text(note)));
});

test('signatures: the browser’s own Ed25519 and the library’s agree', async () => {
  const signed = text(note.slice(0, note.indexOf('\n\n') + 1));
  const signature = Buffer.from(note.trimEnd().split(' ').pop()!, 'base64').subarray(4);
  const check = async () => [await signatureOk(key.key, signed, signature),
    await signatureOk(key.key, signed.map((b, i) => (i === 0 ? b ^ 1 : b)), signature),
    await signatureOk(new Uint8Array(32).fill(255), signed, signature),
    await signatureOk(key.key, signed, new Uint8Array(64))];
  const own = Object.getOwnPropertyDescriptor(globalThis, 'crypto');
  const answers: boolean[][] = [];
  for (const crypto of [globalThis.crypto, undefined, { subtle: { importKey: () => Promise.reject(new Error('unknown')) } }]) {
    Object.defineProperty(globalThis, 'crypto', { value: crypto, configurable: true });
    answers.push(await check());
  }
  Object.defineProperty(globalThis, 'crypto', own ?? { value: undefined, configurable: true });
  for (const answer of answers) assert.deepEqual(answer, [true, false, false, false]);
});
