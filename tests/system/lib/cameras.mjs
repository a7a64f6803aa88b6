// Devices as openssl makes them: a key, a request, a certificate of the agency's.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { join } from 'node:path';
import { run } from './site.mjs';

let number = 0;

export async function openssl(...args) {
  const got = await run('openssl', args);
  assert.equal(got.code, 0, got.stderr);
  return got.stdout;
}

/** A key and a request for a certificate: {dir, key, csr (its text)}. */
export async function asks(site, subject = '/CN=camera', kind = ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'], more = []) {
  const dir = join(site.dir, '..', `camera-${number++}`);
  mkdirSync(dir);
  const key = join(dir, 'key.pem');
  await openssl('req', '-new', '-newkey', ...kind, '-nodes', '-keyout', key, '-subj', subject, ...more,
    '-out', join(dir, 'csr.pem'));
  return { dir, key, csr: readFileSync(join(dir, 'csr.pem'), 'utf8') };
}

export const json = (site, method, path, body, more = {}) => site.request(method, path, {
  ...more, headers: { 'content-type': 'application/json' }, body: Buffer.from(JSON.stringify(body)),
});

export async function add(site, agency = 'harbor-pd', more = {}) {
  const made = await json(site, 'POST', 'devices', { label: 'Camera 7', ...more }, { agency });
  assert.equal(made.status, 201, String(made.body));
  return made.json();
}

export const enrol = (site, code, csr, agency = 'harbor-pd') =>
  json(site, 'POST', 'devices/enrol', { code, csr }, { agency, token: null });

/** A camera that is enrolled: {id, code, key, cert, dir}. */
export async function camera(site, agency = 'harbor-pd', kind, more) {
  const { id, code } = await add(site, agency, more);
  const asked = await asks(site, '/CN=whatever', kind);
  const got = await enrol(site, code, asked.csr, agency);
  assert.equal(got.status, 201, String(got.body));
  const cert = join(asked.dir, 'cert.pem');
  writeFileSync(cert, got.json().certificate);
  return { ...asked, id, code, cert, answer: got.json() };
}

/** What makes node's own client this camera. */
export const agentOf = (site, who) => new https.Agent({ ca: site.ca, keepAlive: true,
  cert: readFileSync(who.cert), key: readFileSync(who.key) });
