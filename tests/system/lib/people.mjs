// People of a site who sign in as programs do: invitation, password and
// authenticator app, the notice of use.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';

/** RFC 6238 by node's own HMAC. */
function totp(secret) {
  const bits = [...secret].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c)
    .toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30000)));
  const mac = createHmac('sha1', key).update(counter).digest();
  const at = mac[mac.length - 1] & 15;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1e6).padStart(6, '0');
}

/** A JSON request as `token` (null: nobody). */
export function ask(site, method, path, body, token = null) {
  return site.request(method, path, { token,
    headers: body === undefined ? {} : { 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body) });
}

/** A new person, {id}, added with the administrator's token `by`. */
export async function person(site, wish, by = site.token()) {
  const made = await ask(site, 'POST', 'persons', wish, by);
  assert.equal(made.status, 201, made.body.toString());
  return { id: made.json().id };
}

/** From an invitation to an open session, with two factors: its text. */
export async function session(site, who, by = site.token()) {
  const step = async (path, body, token, stage) => {
    const a = await ask(site, 'POST', path, body, token);
    assert.equal(a.status, 200, a.body.toString());
    if (stage) assert.equal(a.json().stage, stage);
    return a.json();
  };
  const made = await ask(site, 'POST', `persons/${who.id}/invitations`, {}, by);
  assert.equal(made.status, 201, made.body.toString());
  const first = await step('signin/accept',
    { invitation: made.json().invitation, password: 'seven wide rivers' }, null, 'enrol');
  const { secret } = await step('signin/enrol', undefined, first.session);
  const second = await step('signin/enrol/confirm', { code: totp(secret), label: 'phone' }, first.session, 'notice');
  const { sha256 } = (await ask(site, 'GET', 'signin/notice')).json();
  return (await step('signin/notice', { sha256 }, second.session, 'open')).session;
}
