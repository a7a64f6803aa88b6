import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NoPasskey, create, get, toBytes, toText } from '../src/webauthn.ts';

test('base64url, there and back', () => {
  for (let n = 0; n < 70; n++) {
    const bytes = Uint8Array.from({ length: n }, (_, i) => (i * 37 + n) & 255);
    const text = toText(bytes.buffer);
    assert.equal(text, Buffer.from(bytes).toString('base64url'));
    assert.deepEqual(toBytes(text), bytes);
  }
});

function browser(credentials: object): void {
  Object.defineProperty(globalThis, 'navigator', { value: { credentials }, configurable: true });
}

const bytes = (text: string) => Uint8Array.from(Buffer.from(text)).buffer;
const url = (text: string) => Buffer.from(text).toString('base64url');

test('what is asked, and what is answered', async () => {
  let question: any;
  browser({ get: async (q: any) => {
    question = q.publicKey;
    return { id: url('id'), rawId: bytes('id'), type: 'public-key', response: { clientDataJSON: bytes('c'),
      authenticatorData: bytes('a'), signature: bytes('s'), userHandle: bytes('h') } };
  } });
  const got = await get({ allowCredentials: [{ id: url('one'), type: 'public-key' }], challenge: url('what?'),
    rpId: 'a.example', timeout: 5, userVerification: 'required' });
  assert.equal(Buffer.from(question.challenge).toString(), 'what?');
  assert.equal(Buffer.from(question.allowCredentials[0].id).toString(), 'one');
  assert.equal(question.userVerification, 'required');
  assert.deepEqual(got, { id: url('id'), rawId: url('id'), type: 'public-key', response: {
    clientDataJSON: url('c'), authenticatorData: url('a'), signature: url('s'), userHandle: url('h') } });
});

test('why nothing came of it', async () => {
  const options = { attestation: 'none', authenticatorSelection: {}, challenge: '', excludeCredentials: [],
    pubKeyCredParams: [], rp: { id: 'a', name: 'a' }, timeout: 1, user: { id: '', name: '', displayName: '' } } as const;
  for (const [name, kind] of [['NotAllowedError', 'cancelled'], ['InvalidStateError', 'known'],
    ['SecurityError', 'insecure'], ['Odd', 'failed']] as const) {
    browser({ create: async () => { throw new DOMException('', name); } });
    await assert.rejects(create({ ...options, pubKeyCredParams: [] }), (e) => e instanceof NoPasskey && e.kind === kind, name);
  }
  browser({ create: async () => null });
  await assert.rejects(create({ ...options, pubKeyCredParams: [] }), NoPasskey);
});
