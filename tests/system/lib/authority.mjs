// A time authority (RFC 3161): `openssl ts -reply` behind a small HTTP server,
// under a CA of its own.  It can also lie.
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const CONFIG = (dir) => `
[req]
distinguished_name = dn
prompt = no
[dn]
CN = Test authority
[ca]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
subjectKeyIdentifier = hash
[tsa_cert]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[tsa]
default_tsa = one
[one]
serial = ${dir}/serial
signer_cert = ${dir}/tsa.pem
signer_key = ${dir}/tsa.key
signer_digest = sha256
default_policy = 1.3.6.1.4.1.99999.1
digests = sha256
accuracy = secs:1
ess_cert_id_alg = sha256
`;

export class Authority {
  static async start(t, dir) {
    const a = new Authority();
    a.dir = dir;
    a.lie = null;
    a.asked = 0;
    a.held = [];
    mkdirSync(dir);
    await a.#makeCertificates();
    a.server = http.createServer((q, r) => a.#take(q, r));
    await new Promise((ok) => a.server.listen(0, '127.0.0.1', ok));
    a.url = `http://127.0.0.1:${a.server.address().port}/tsa`;
    t.after(async () => {
      const closed = new Promise((ok) => a.server.close(ok));
      a.server.closeAllConnections();
      await closed;
    });
    return a;
  }

  get ca() {
    return join(this.dir, 'ca.pem');
  }

  async #makeCertificates() {
    const at = (name) => join(this.dir, name);
    const openssl = (...args) => run('openssl', args);
    writeFileSync(at('tsa.cnf'), CONFIG(this.dir));
    writeFileSync(at('serial'), '01\n');
    for (const who of ['ca', 'tsa'])
      await openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', at(`${who}.key`));
    await openssl('req', '-x509', '-new', '-key', at('ca.key'), '-out', at('ca.pem'), '-days', '10',
      '-subj', '/CN=Test time root', '-config', at('tsa.cnf'), '-extensions', 'ca');
    await openssl('req', '-new', '-key', at('tsa.key'), '-out', at('tsa.csr'), '-subj', '/CN=Test time', '-config', at('tsa.cnf'));
    await openssl('x509', '-req', '-in', at('tsa.csr'), '-CA', at('ca.pem'), '-CAkey', at('ca.key'),
      '-set_serial', '2', '-days', '5', '-out', at('tsa.pem'), '-extfile', at('tsa.cnf'), '-extensions', 'tsa_cert');
  }

  #take(q, r) {
    const parts = [];
    r.on('error', () => {});
    q.on('data', (d) => parts.push(d));
    q.on('end', async () => {
      this.asked++;
      if (q.method !== 'POST' || q.headers['content-type'] !== 'application/timestamp-query') {
        r.writeHead(415).end();
        return;
      }
      const query = Buffer.concat(parts);
      if (this.lie) this.lie(r, () => this.reply(query), query, this);
      else this.answer(r, await this.reply(query));
    });
  }

  async reply(query) {
    const n = `${this.asked}-${Math.random()}`;
    const [ask, out] = [join(this.dir, `${n}.tsq`), join(this.dir, `${n}.tsr`)];
    writeFileSync(ask, query);
    await run('openssl', ['ts', '-reply', '-config', join(this.dir, 'tsa.cnf'), '-queryfile', ask, '-out', out]);
    this.last = readFileSync(out);
    return this.last;
  }

  answer(r, bytes) {
    if (r.destroyed) return;
    r.writeHead(200, { 'content-type': 'application/timestamp-reply' });
    r.end(bytes);
  }
}

/** How an authority can lie: (answer, honest, query, authority) => void. */
export const lies = {
  hang: (r, honest, query, a) => { a.held.push(r); },
  replay: (r, honest, query, a) => { a.answer(r, a.last); },
  // status 2 (rejection), "busy"
  refuse: (r, honest, query, a) => { a.answer(r, Buffer.from('300d300b02010230060c0462757379', 'hex')); },
  cut: async (r, honest, query, a) => {
    const whole = await honest();
    a.answer(r, whole.subarray(0, whole.length - 7));
  },
  garbage: (r, honest, query, a) => { a.answer(r, Buffer.from('<html>no such page</html>')); },
};
