// Who comes to an agency that is not theirs, by every kind of credential there
// is: each {name, agency, send(method, path, {headers, body})}.
import assert from 'node:assert/strict';
import { JSON_TYPE, must } from './furnished.mjs';
import { People } from './people.mjs';
import { program, run } from './site.mjs';

/** The provider's house, with one who asks and one who passes it on. */
export class House {
  static async make(site, slug, agencies) {
    const it = new House();
    Object.assign(it, { site, slug, company: 'Keystone Hosting' });
    const made = await run(program, ['agency', 'add', site.dir, slug, '--provider', '--name', it.company,
      '--state', 'FL', '--geography', 'us', '--json']);
    assert.equal(made.code, 0, made.stderr);
    site.agencies[slug] = JSON.parse(made.stdout);
    const people = new People(site, slug);
    [it.operator, it.security] = await Promise.all([
      people.add('Olga Operator', 'operator', { states: ['FL', 'CO'], more: { human: 'E-1' } }),
      people.add('Sid Security', 'provider-security', { more: { human: 'E-2' } })]);
    for (const agency of agencies)
      await must(site, agency, undefined, 'POST', 'signatures', { company: it.company, signer: 'C. Stone' });
    return it;
  }

  /** A request that the agency is asked to approve: its id. */
  async asks(agency, evidence, more = {}) {
    const { id } = await must(this.site, this.slug, this.operator.token, 'POST', 'lockbox',
      { agency, evidence, ticket: 'T-77', why: 'the player stops at 3:10', minutes: 60, ...more });
    await must(this.site, this.slug, this.security.token, 'POST', `lockbox/${id}/approve`);
    return id;
  }
}

/** A session in a cookie: signed in once more, by a recovery code. */
async function cookieOf(site, agency, who) {
  const step = async (path, body, cookie) => {
    const a = await site.request('POST', path, { agency, token: null, body: JSON.stringify(body),
      headers: { ...JSON_TYPE, origin: site.url, ...(cookie ? { cookie } : {}) } });
    assert.equal(a.status, 200, String(a.body));
    return a.headers['set-cookie'][0].split(';')[0];
  };
  const first = await step('signin', { login: who.login, password: who.password, cookie: true });
  const second = await step('signin/recovery', { code: who.codes.pop() }, first);
  const { sha256 } = (await site.get('signin/notice', { agency, token: null })).json();
  return step('signin/notice', { sha256 }, second);
}

/**
 * All who come with what `from` (lib/furnished.mjs) gave them, with what the
 * provider's house did, and with nothing.
 */
export async function visitorsOf(site, from, house) {
  const { agency, who } = from;
  const one = (name, credential, home = agency) => ({ name, agency: home,
    send: (method, path, more = {}) => site.request(method, path,
      { token: '', ...credential, ...more, headers: { ...more.headers, ...credential.headers } }) });
  const cookie = await cookieOf(site, agency, who.owner);
  return [
    ...['administrator', 'custodian', 'officer', 'auditor', 'device'].map((role) => one(`token of ${role}`, who[`${role}’s token`])),
    one('session', { token: who.chief.token }),
    one('cookie', { token: null, headers: { cookie, origin: site.url } }),
    one('own token', who.own),
    one('service', who.service),
    one('device', who.device),
    one('guest', { token: who.guest.token }),
    one('operator', { token: house.operator.token }, house.slug),
    one('nobody', { token: null }),
  ];
}
