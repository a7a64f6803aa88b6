// Following events: a raw stream as it comes, and the `eventsource` package
// (a WHATWG EventSource that is not ours) on node's own HTTPS client.
import https from 'node:https';
import { Readable } from 'node:stream';
import { EventSource } from 'eventsource';
import { until } from './site.mjs';

const urlOf = (site, { agency = 'harbor-pd', query = '' } = {}) =>
  new URL(`/v1/agencies/${agency}/events${query}`, site.url);

/** One event's text: {id, event, data}. */
function parse(block) {
  const got = {};
  for (const line of block.split('\n')) {
    const at = line.indexOf(':');
    if (at > 0) got[line.slice(0, at)] = line.slice(at + 1).trim();
  }
  if (got.data !== undefined) got.data = JSON.parse(got.data);
  return got;
}

/**
 * A stream, open: {status, headers, text, events(), lastId(), wait(test), ended, close()}.
 * `ended` is true after its proper end, an Error after any other.
 */
export function follow(site, options = {}) {
  const token = options.token ?? site.token(options.agency ?? 'harbor-pd');
  const headers = { authorization: `Bearer ${token}` };
  if (options.last !== undefined) headers['last-event-id'] = options.last;
  return new Promise((ok, no) => {
    const req = https.request(urlOf(site, options), { headers, ca: site.ca, agent: false, localAddress: options.localAddress }, (res) => {
      const s = { status: res.statusCode, headers: res.headers, text: '', ended: false };
      s.events = () => s.text.split('\n\n').slice(0, -1).map(parse).filter((e) => e.event);
      s.lastId = () => [...s.text.matchAll(/^id: (\d+)$/gm)].at(-1)?.[1];
      s.wait = (what, test) => until(what, () => s.events().find(test));
      s.close = () => req.destroy();
      res.setEncoding('utf8');
      res.on('data', (text) => { s.text += text; });
      res.on('end', () => { s.ended = true; });
      res.on('error', (e) => { s.ended ||= e; });
      if (s.status !== 200) res.on('end', () => ok(s));
      else res.once('data', () => ok(s));
    });
    req.on('error', no);
    req.end();
  });
}

/** An EventSource whose events of all kinds are gathered in `heard`. */
export function eventSource(site, options = {}) {
  const token = options.token ?? site.token(options.agency ?? 'harbor-pd');
  const source = new EventSource(urlOf(site, options), {
    fetch: (url, init) => new Promise((ok, no) => {
      const req = https.request(url, { ca: site.ca, agent: false,
        headers: { ...init.headers, authorization: `Bearer ${token}` } }, (res) => {
        const body = Readable.toWeb(res);
        ok({ body, url: String(url), status: res.statusCode, redirected: false,
          headers: new Headers(res.headers) });
      });
      init.signal?.addEventListener('abort', () => req.destroy());
      req.on('error', no);
      req.end();
    }),
  });
  source.heard = [];
  source.opened = 0;
  source.addEventListener('open', () => source.opened++);
  for (const kind of ['upload.progress', 'evidence.sealed', 'evidence.corrupt', 'media.probed',
    'witness.behind', 'person.disabled', 'person.terminated', 'clearance.warned',
    'clearance.lapsed', 'missed', 'over'])
    source.addEventListener(kind, (e) =>
      source.heard.push({ event: kind, id: e.lastEventId, data: JSON.parse(e.data) }));
  source.wait = (what, test) => until(what, () => source.heard.find(test));
  return source;
}
