// People of an agency, cleared and signed in by the public API: account, records,
// invitation, password, TOTP, notice.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';

/** RFC 6238 by node's own HMAC: the code of now, or of `step` after it. */
export function totp(secret, step = 0) {
  const bits = [...secret].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c)
    .toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30000) + step));
  const mac = createHmac('sha1', key).update(counter).digest();
  const at = mac[mac.length - 1] & 15;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1e6).padStart(6, '0');
}

export class People {
  constructor(site, agency) {
    this.site = site;
    this.agency = agency;
    this.partners = new Set();
  }

  /** Everything from now on is done by this session, as by an administrator's. */
  by(token) {
    this.token = token;
    return this;
  }

  async post(path, body, token = this.token ?? this.site.token(this.agency)) {
    const a = await this.site.request('POST', path, { agency: this.agency, token,
      headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
    assert.ok(a.status < 300, `${this.agency} ${path}: ${a.status} ${a.body}`);
    return a.body.length > 0 ? a.json() : undefined;
  }

  /** An agreement of each kind that is needed, once. */
  async agree(body) {
    const key = JSON.stringify(body);
    if (this.partners.has(key)) return;
    this.partners.add(key);
    await this.post('agreements', body);
  }

  /**
   * An account with all its records: {id, name}; `states` were checked in, what was
   * learnt lasts until the day `expires`.
   */
  async hire(name, role, { states = [], expires, more = {} } = {}) {
    const { id } = await this.post('persons', { name, role, ...more });
    await this.agree({});
    if (more.employer)
      await this.agree({ kind: 'information-exchange', partner: more.employer });
    for (const state of states) await this.post(`persons/${id}/screenings`, { state });
    for (const course of ['level4', 'pii']) await this.post(`persons/${id}/trainings`, { course, ...(expires ? { expires } : {}) });
    await this.post(`persons/${id}/signatures`, {});
    return { id, name };
  }

  /** From an invitation to an open session: its text. */
  async signIn(person, password = 'seven wide rivers') {
    const { invitation } = await this.post(`persons/${person.id}/invitations`, {});
    return this.accept(invitation, password);
  }

  /** The same with an invitation from before; `kept` gets the app's secret and the recovery codes. */
  async accept(invitation, password = 'seven wide rivers', kept = {}) {
    const first = await this.post('signin/accept', { invitation, password }, null);
    const offer = await this.site.request('POST', 'signin/enrol', { agency: this.agency, token: first.session });
    assert.equal(offer.status, 200, offer.body.toString());
    kept.secret = offer.json().secret;
    const second = await this.post('signin/enrol/confirm',
      { code: totp(kept.secret), label: 'phone' }, first.session);
    kept.codes = second.recovery_codes;
    return this.acknowledge(second.session);
  }

  async acknowledge(token) {
    const { sha256 } = (await this.site.get('signin/notice', { agency: this.agency, token: null })).json();
    return (await this.post('signin/notice', { sha256 }, token)).session;
  }

  /** Hired and signed in: {id, token}. */
  async add(name, role, options) {
    const person = await this.hire(name, role, options);
    return { ...person, token: await this.signIn(person) };
  }
}
