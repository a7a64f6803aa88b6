// An agency with something of everything in it, each textual field a canary
// (lib/canaries.mjs); and, for each parameter in a path of the API, real ids of
// what is there.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { agentOf, camera } from './cameras.mjs';
import { clips } from './clips.mjs';
import { People } from './people.mjs';
import { metadata, until } from './site.mjs';

export const JSON_TYPE = { 'content-type': 'application/json' };

/** JSON to this agency as whoever has the token; what it answers, or a failure. */
export async function must(site, agency, token, method, path, body) {
  const a = await site.request(method, path, { agency, token, headers: body === undefined ? {} : JSON_TYPE,
    body: body === undefined ? undefined : JSON.stringify(body) });
  assert.ok(a.status < 300, `${agency}: ${method} ${path}: ${a.status} ${a.body}`);
  return a.body.length > 0 && /json/.test(a.headers['content-type']) ? a.json() : undefined;
}

export class Furnished {
  constructor(site, agency, canaries) {
    Object.assign(this, { site, agency, canaries });
    this.people = new People(site, agency);
    this.who = {};
    /** Parameter as `PARENT/{NAME}` → real values of it. */
    this.ids = {};
  }

  word(where) {
    return this.canaries.word(where);
  }

  must(by, method, path, body) {
    return must(this.site, this.agency, (by ?? this.who.chief)?.token, method, path, body);
  }

  /** These are values of that parameter. */
  has(parameter, ...ids) {
    assert.ok(ids.every((id) => typeof id === 'string' && id.length > 0), `${parameter}: ${ids}`);
    (this.ids[parameter] ??= []).push(...ids);
  }

  /** Everything.  `house` is the provider's, `guest` an agency to share with. */
  async furnish({ house, guest, state = 'FL', clip = true }) {
    Object.assign(this, { state, clip });
    const token = this.site.token(this.agency);
    this.canaries.secret('the first token', token.slice(27));
    await this.documents();
    await this.hire();
    await this.bringIn();
    await Promise.all([this.records(), this.machines(), this.provider()]);
    await this.share(guest);
    await this.recovery();
    await this.lockbox(house);
    await this.discloses();
    await this.comesIn();
    return this;
  }

  async documents() {
    for (const kind of ['access-terms'])
      await this.must(undefined, 'PUT', `documents/${kind}`,
        { text: this.word('a document'), title: this.word('a document’s title'), version: '7' });
    this.has('documents/{kind}', 'access-terms', 'security-addendum');
    this.has('sealed/{field}', 'ssn', 'fbi', 'sid', 'dob');
    this.has('entries/{index}', '000');
    this.has('tile/{level}', '0');
    this.has('{level}/{index}', '000');
  }

  /** Somebody with an account, records and an open session: {id, token, login, secret, codes}. */
  async person(key, role, more = {}, states = [this.state]) {
    const login = more.login ?? this.word(`${key}’s login`);
    const made = await this.people.hire(this.word(`${key}’s name`), role, { states,
      more: { login, human: this.word(`${key}’s human`), unit: this.word(`${key}’s unit`), ...more } });
    const password = this.canaries.secret(`${key}’s password`, `seven ${this.word(`${key}’s password`)}`);
    const { invitation } = await this.must(undefined, 'POST', `persons/${made.id}/invitations`, {});
    const kept = {};
    const token = await this.people.accept(invitation, password, kept);
    for (const text of [invitation.slice(27), token.slice(27), kept.secret, ...kept.codes])
      this.canaries.secret(`a credential of ${key}’s`, text);
    this.who[key] = { id: made.id, token, login, password, ...kept };
    this.has('persons/{person}', made.id);
    this.has('persons/{id}', made.id);
  }

  async hire() {
    const outside = this.word('an employer');
    await Promise.all([this.person('owner', 'custodian'), this.person('laso', 'laso'), this.person('officer', 'officer', { login: 'ola.officer' }),
      this.person('prosecutor', 'prosecutor', { kind: 'outside', employer: outside, residence: 'GA' })]);
    // One who was invited and has not come.
    const invited = await this.people.hire(this.word('the invited’s name'), 'officer');
    const { invitation } = await this.must(undefined, 'POST', `persons/${invited.id}/invitations`, {});
    this.canaries.secret('an open invitation', invitation.slice(27));
    this.has('persons/{person}', invited.id);
    const { owner } = this.who;
    const { canaries } = this;
    const sealed = { ssn: canaries.number('a social security number'), fbi: canaries.capital('an FBI number'),
      sid: canaries.capital('a state identification number'), dob: '1980-02-03' };
    for (const [field, value] of Object.entries(sealed))
      await this.must(undefined, 'PUT', `persons/${owner.id}/sealed/${field}`, { value });
    await this.person('chief', 'administrator');
    this.people.by(this.who.chief.token);
  }

  async records() {
    const { owner, officer } = this.who;
    const today = new Date().toISOString().slice(0, 10);
    await this.must(undefined, 'POST', `persons/${officer.id}/screenings`, { decision: 'variance', state: 'GA',
      adjudicator: this.word('an adjudicator'), variance: this.word('a variance'), expires: '2099-01-01' });
    await this.must(undefined, 'POST', `persons/${officer.id}/trainings`, { course: 'pii', reference: this.word('a course’s reference') });
    await this.must(undefined, 'POST', `persons/${officer.id}/demands`, { course: 'pii', since: today });
    await this.must(owner, 'POST', `persons/~/signatures`, {});
    const agreement = await this.must(undefined, 'POST', 'agreements',
      { kind: 'outsourcing', partner: this.word('a partner'), reference: this.word('an agreement’s reference') });
    await this.must(undefined, 'POST', `agreements/${agreement.id}/review`, {});
    this.has('agreements/{id}', agreement.id);
    const company = await this.must(undefined, 'POST', 'signatures',
      { company: this.word('a company'), signer: this.word('a signer') });
    const own = await this.must(undefined, 'GET', `persons/${owner.id}/signatures`);
    this.has('signatures/{id}', company.id, ...(own.items ?? own).map((s) => s.id));
  }

  async bringIn() {
    this.items = [];
    for (let i = 0; i < 3; i++)
      this.items.push(await this.site.put(Buffer.from(`${this.word('content')} ${i}`), { filename: `${this.word('a filename')}.txt`,
        title: this.word('a title'), category: this.word('a category'), device: this.word('a device’s name'), note: this.word('a note') },
      { agency: this.agency }));
    this.has('evidence/{id}', ...this.items);
    if (this.clip) await this.film();
    // Begun, and not at its end; and a part of something.
    for (const headers of [{}, { 'upload-concat': 'partial' }]) {
      const open = await this.site.create(1000, headers['upload-concat'] ? null : { filename: `${this.word('an upload')}.mp4` },
        { agency: this.agency, headers });
      assert.equal((await this.site.patch(open, 0, Buffer.from(this.word('half a content')), { agency: this.agency })).status, 204);
      this.has('uploads/{id}', new URL(open).pathname.split('/').at(-1));
    }
  }

  /** A clip, with a poster. */
  async film() {
    const clip = await this.site.put(readFileSync(clips()[0]), { filename: `${this.word('a clip')}.mp4`, filetype: 'video/mp4' },
      { agency: this.agency });
    await until('the clip was looked into', async () =>
      (await this.must(undefined, 'GET', `evidence/${clip}/media`)).state === 'done');
    await this.must(undefined, 'GET', `evidence/${clip}/poster.jpg`);
    this.has('evidence/{id}', clip);
  }

  async machines() {
    for (const role of ['administrator', 'custodian', 'officer', 'auditor', 'device']) {
      const made = await this.must(undefined, 'POST', 'tokens', { role, label: this.word(`a token’s label`), expires_in_days: 1 });
      this.who[`${role}’s token`] = { token: made.token };
      this.canaries.secret(`a token of ${role}`, made.token.slice(27));
      this.has('tokens/{id}', made.id);
    }
    const own = await this.must(this.who.chief, 'POST', 'tokens/own', { label: this.word('an own token’s label'), expires_in_days: 1 });
    this.who.own = { token: own.token };
    this.canaries.secret('an own token', own.token.slice(27));
    this.has('tokens/{id}', own.id);
    const service = await this.must(undefined, 'POST', 'services',
      { label: this.word('a service'), scope: ['evidence.list', 'evidence.show'], ranges: ['127.0.0.0/8'] });
    this.canaries.secret('a service’s secret', service.client_secret.slice(27));
    const rotated = await this.must(undefined, 'POST', `services/${service.client_id}/secrets`, {});
    this.service = { id: service.client_id, secret: rotated.client_secret };
    this.canaries.secret('a service’s second secret', rotated.client_secret.slice(27));
    this.who.service = { token: await accessToken(this.site, this.agency, this.service) };
    this.canaries.secret('an access token', this.who.service.token.slice(27));
    this.has('services/{id}', service.client_id);
    const made = await camera(this.site, this.agency, undefined, { label: this.word('a device’s label') });
    this.canaries.secret('a device’s code', made.code.slice(27));
    this.who.device = { token: null, agent: agentOf(this.site, made) };
    const waiting = await this.must(undefined, 'POST', 'devices', { label: this.word('a device that enrols') });
    this.canaries.secret('a code that is open', waiting.code.slice(27));
    this.has('devices/{id}', made.id, waiting.id);
  }

  /** Its short name and its title are on the page for everybody who would sign in. */
  async provider() {
    const name = `id-of-${this.agency}`;
    await this.must(undefined, 'POST', 'providers', { name, title: 'County', issuer: 'https://id.example.gov/realm',
      client_id: this.word('a client’s id'), secret: this.word('a client’s secret'), origin: 'https://evidence.example.gov',
      login_claim: this.word('a claim'), scope: `openid ${this.word('a scope')}` });
    this.has('providers/{provider}', name);
    this.has('oidc/{provider}', name);
  }

  async share(guest) {
    const { owner, prosecutor } = this.who;
    const group = await this.must(owner, 'POST', 'groups', { name: this.word('a group’s name'), members: [guest] });
    this.has('groups/{id}', group.id);
    this.has('members/{member}', guest);
    await this.must(owner, 'PUT', `groups/${group.id}/persons`, { persons: [owner.id] });
    for (const to of [{ agency: guest }, { group: group.id }, { person: prosecutor.id }]) {
      const share = await this.must(owner, 'POST', 'shares', { to, evidence: [this.items[0]], reason: this.word('a share’s reason') });
      this.has('shares/{id}', share.id);
      this.has('shares/{share}', share.id);
    }
  }

  async recovery() {
    const { chief, owner, laso } = this.who;
    const made = await this.must(undefined, 'POST', 'recovery/shares', { custodians: [owner.id, laso.id] });
    for (const s of made.shares) this.canaries.secret('a recovery share', s.share.slice(27));
    const open = await this.must(owner, 'POST', 'recovery', { share: made.shares.find((s) => s.custodian === owner.id).share });
    this.has('recovery/{id}', open.id);
    const { items } = await this.must(chief, 'GET', 'sessions?of=all');
    this.has('sessions/{id}', ...items.map((s) => s.id));
    for (const who of [owner, chief])
      this.has('factors/{id}', ...(await this.must(who, 'GET', 'factors')).items.map((f) => f.id));
  }

  /** Requests of the provider's house, one in each state: pending, approved, denied, revoked. */
  async lockbox(house) {
    const { laso, owner } = this.who;
    this.requests = {};
    for (const state of ['Pending', 'Approved', 'Denied', 'Revoked']) {
      const id = await house.asks(this.agency, this.items.slice(0, 1));
      if (state === 'Denied') await this.must(laso, 'POST', `lockbox/${id}/deny`, { reason: this.word('a refusal’s reason') });
      else if (state !== 'Pending') await this.must(owner, 'POST', `lockbox/${id}/approve`);
      if (state === 'Revoked') await this.must(laso, 'POST', `lockbox/${id}/revoke`, { reason: this.word('a revocation’s reason') });
      assert.equal((await this.must(owner, 'GET', `lockbox/${id}`)).state, state);
      this.requests[state] = id;
    }
    this.has('lockbox/{id}', ...Object.values(this.requests));
    this.has('lockbox/{request}', ...Object.values(this.requests));
  }

  /** Looked at and given out. */
  async discloses() {
    assert.equal((await this.site.content(this.items[0], { agency: this.agency })).status, 200);
    await this.must(undefined, 'POST', 'exports', { items: this.items.slice(1), format: 'tar' });
  }

  /** By its camera and its service, as they come. */
  async comesIn() {
    const made = await this.site.tus('POST', 'uploads', { agency: this.agency, ...this.who.device,
      headers: { 'upload-length': 7, 'upload-metadata': metadata({ filename: this.word('a camera’s file') }) } });
    assert.equal(made.status, 201, String(made.body));
    await this.must(this.who.service, 'GET', 'evidence');
  }
}

/** A service's, by OAuth 2. */
export async function accessToken(site, agency, { id, secret }) {
  const a = await site.request('POST', 'oauth/token', { agency, token: '',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: Buffer.from(new URLSearchParams({ grant_type: 'client_credentials', client_id: id, client_secret: secret }).toString()) });
  assert.equal(a.status, 200, String(a.body));
  return a.json().access_token;
}
