// Identity providers on this machine: a real one (npm oidc-provider), and one
// that says whatever a test wants it to.
import { createHmac, createSign, generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const listen = async (t, server) => {
  await new Promise((ok) => server.listen(0, '127.0.0.1', ok));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${server.address().port}`;
};

const body = async (req) => {
  let text = '';
  for await (const part of req) text += part;
  return text;
};

/**
 * A real provider.  Whoever types a login is let in as that; one that ends in
 * "+mfa" has shown two factors.
 */
export async function realProvider(t, redirects) {
  const server = createServer();
  const issuer = await listen(t, server);
  const provider = new Provider(issuer, {
    clients: [{
      client_id: 'sallyport', client_secret: 'a secret & more: 100%', redirect_uris: redirects,
      grant_types: ['authorization_code'], response_types: ['code'], token_endpoint_auth_method: 'client_secret_basic',
    }],
    pkce: { methods: ['S256'], required: () => true },
    features: { devInteractions: { enabled: false } },
    claims: { openid: ['sub', 'amr'], profile: ['preferred_username', 'name'] },
    conformIdTokenClaims: false,
    cookies: { keys: ['only for a test'] },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    ttl: { AccessToken: 60, AuthorizationCode: 60, IdToken: 60, Interaction: 600, Session: 600, Grant: 600 },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({
      sub: `sub-of-${id}`, preferred_username: id, name: `Name of ${id}` }) }),
    async loadExistingGrant(ctx) {
      const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
      grant.addOIDCScope('openid profile');
      await grant.save();
      return grant;
    },
  });
  const handle = provider.callback();
  server.on('request', async (req, res) => {
    if (!req.url.startsWith('/interaction/')) return handle(req, res);
    if (req.method === 'GET') {
      res.setHeader('content-type', 'text/html');
      return res.end('<!doctype html><title>There</title><form method="post"><label>Name <input name="login"></label><button>Enter</button></form>');
    }
    const typed = new URLSearchParams(await body(req)).get('login');
    return provider.interactionFinished(req, res, { login: {
      accountId: typed.replace(/\+mfa$/, ''), amr: typed.endsWith('+mfa') ? ['pwd', 'mfa'] : ['pwd'] } });
  });
  return { issuer };
}

const b64 = (x) => Buffer.from(typeof x === 'string' ? x : JSON.stringify(x)).toString('base64url');

/**
 * A provider of the test's own at issuer/<mode>.  A code is what it says: the
 * test puts into `codes` what each is redeemed for.
 */
export class Liar {
  static async start(t) {
    const it = new Liar();
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    it.key = privateKey;
    it.jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'k1', use: 'sig', alg: 'RS256' };
    it.pem = publicKey.export({ type: 'spki', format: 'pem' });
    it.codes = new Map();
    it.asked = [];
    it.origin = await listen(t, createServer((req, res) => it.answer(req, res)));
    return it;
  }

  issuer(mode) {
    return `${this.origin}/${mode}`;
  }

  async answer(req, res) {
    const [, mode, ...rest] = req.url.split('/');
    const text = await body(req);
    this.asked.push({ method: req.method, url: req.url, body: text, headers: req.headers });
    const path = rest.join('/');
    res.setHeader('content-type', 'application/json');
    if (path === '.well-known/openid-configuration') return this.document(mode, res);
    if (path === 'keys') return res.end(JSON.stringify({ keys: [this.jwk] }));
    if (path !== 'token') return res.writeHead(404).end('{}');
    const code = new URLSearchParams(text).get('code');
    const token = this.codes.get(code);
    this.codes.delete(code);
    if (token === undefined) return res.writeHead(400).end(JSON.stringify({ error: 'invalid_grant' }));
    return res.end(JSON.stringify({ access_token: 'x', token_type: 'Bearer', id_token: token }));
  }

  document(mode, res) {
    const issuer = this.issuer(mode);
    const doc = { issuer, authorization_endpoint: `${issuer}/auth`, token_endpoint: `${issuer}/token`, jwks_uri: `${issuer}/keys` };
    switch (mode) {
      case 'hang': return undefined; // never
      case 'redirect': return res.writeHead(302, { location: `${this.issuer('good')}/.well-known/openid-configuration` }).end('{}');
      case 'endless': {
        const more = () => { while (res.write('{"x":"'.repeat(1000))); };
        res.on('drain', more);
        return more();
      }
      case 'html': return res.setHeader('content-type', 'text/html').end(JSON.stringify(doc));
      case 'other': return res.end(JSON.stringify({ ...doc, issuer: 'https://id.example.gov' }));
      case 'elsewhere': return res.end(JSON.stringify({ ...doc, token_endpoint: 'https://evil.example/token' }));
      case 'twice': return res.end(JSON.stringify(doc).replace('{', '{"issuer":"https://id.example.gov",'));
      case 'says': return res.end(JSON.stringify({ ...doc, authorization_response_iss_parameter_supported: true }));
      default: return res.end(JSON.stringify(doc));
    }
  }

  /** An ID token for the login, with what is changed of header and claims. */
  token(mode, nonce, login, { header = {}, claims = {}, sign = 'RS256', at = Date.now() } = {}) {
    const now = Math.floor(at / 1000);
    const first = b64({ alg: 'RS256', kid: 'k1', ...header });
    const second = b64({ iss: this.issuer(mode), aud: 'sallyport', sub: `sub-of-${login}`, nonce, iat: now, exp: now + 60,
      auth_time: now, preferred_username: login, ...claims });
    const input = `${first}.${second}`;
    if (sign === 'RS256') return `${input}.${createSign('sha256').update(input).sign(this.key, 'base64url')}`;
    if (sign === 'HS256') return `${input}.${createHmac('sha256', this.pem).update(input).digest('base64url')}`;
    return `${input}.`;
  }
}
