// An adversary of agency B who knows every route and every id of agency A.
// What it asks is made from the server's own description of itself, so that a
// route which is added is attacked from then on.
import { randomBytes } from 'node:crypto';

const METHODS = /^(get|put|post|patch|delete|head)$/;
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/g;

/** Every route: {id, method, path, params, closed, schema}. */
export function routesOf(api) {
  const routes = [];
  for (const [path, methods] of Object.entries(api.paths))
    for (const [method, route] of Object.entries(methods)) {
      if (!METHODS.test(method)) continue;
      const content = Object.values(route.requestBody?.content ?? {})[0];
      routes.push({
        id: route.operationId,
        method: method.toUpperCase(),
        path,
        params: [...path.matchAll(/\{([^}]+)\}/g)].map((m) => m[1]),
        closed: (route.security ?? []).length > 0,
        media: Object.keys(route.requestBody?.content ?? {})[0],
        schema: content?.schema,
        query: (route.parameters ?? []).filter((p) => p.in === 'query'),
      });
    }
  return routes;
}

const dashed = (hex) => hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');

/** An id as the server makes them, of nothing. */
export function freshId() {
  const b = randomBytes(16);
  b.writeUIntBE(Date.now(), 0, 6);
  b[6] = 0x70 | (b[6] & 15);
  b[8] = 0x80 | (b[8] & 63);
  return dashed(b.toString('hex'));
}

/** The agency's id in the text of a token. */
export const idOfText = (token) => dashed(Buffer.from(token.split('_')[1], 'base64url').toString('hex'));

/** All ids in a text. */
export const idsIn = (text) => new Set(text.match(UUID) ?? []);

/** A parameter with what stands before it, which says what it is of: `shares/{id}`. */
export const parameterOf = (route, name) => route.path.match(new RegExp(`[^/]*/\\{${name}\\}`))[0];

/** Words of bodies that name something, and the parameter that names the like. */
const NAMED = { evidence: 'evidence/{id}', items: 'evidence/{id}', object: 'evidence/{id}', person: 'persons/{person}',
  persons: 'persons/{person}', custodians: 'persons/{person}', group: 'groups/{id}', parent: 'shares/{id}' };

/** A value for a schema, ids being `id(parameter)` wherever one may stand. */
export function valueFor(api, schema, id, name = '', depth = 0) {
  if (!schema || depth > 6) return null;
  if (schema.$ref) return valueFor(api, api.components.schemas[schema.$ref.split('/').pop()], id, name, depth + 1);
  if (schema.const !== undefined) return schema.const;
  if (schema.enum) return schema.enum[0];
  const either = schema.type === 'object' ? undefined : schema.oneOf ?? schema.anyOf;
  if (either) return valueFor(api, either[0], id, name, depth + 1);
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  switch (type) {
    case 'object':
      return Object.fromEntries(Object.entries(schema.properties ?? {})
        .map(([k, v]) => [k, valueFor(api, v, id, k, depth + 1)]));
    case 'array': return [valueFor(api, schema.items, id, name, depth + 1)];
    case 'integer': return Math.max(1, schema.minimum ?? 1);
    case 'boolean': return true;
    case 'string':
      if (schema.format === 'date-time') return '2027-01-01T00:00:00Z';
      return schema.format === 'uuid' || NAMED[name] ? id(NAMED[name] ?? 'evidence/{id}') : 'x';
    default: return null;
  }
}

/**
 * The request for a route: {method, path, headers, body}.  `id`: what stands for
 * each id, or a function of the parameter (`shares/{id}`).
 */
export function requestFor(api, route, agency, id, body = undefined) {
  const of = typeof id === 'function' ? id : (parameter) =>
    (/\{level\}$/.test(parameter) ? '0' : /\{index\}$/.test(parameter) ? '000' : id);
  let path = route.path.replace('{agency}', agency);
  for (const p of route.params.filter((p) => p !== 'agency'))
    path = path.replace(`{${p}}`, of(parameterOf(route, p)));
  const query = route.query.filter((p) => p.schema?.format === 'uuid' || p.required || NAMED[p.name])
    .map((p) => `${p.name}=${p.schema?.enum?.[0] ?? of(NAMED[p.name] ?? 'evidence/{id}')}`);
  if (query.length > 0) path += `?${query.join('&')}`;
  const headers = {};
  if (/\/uploads/.test(route.path)) {
    headers['tus-resumable'] = '1.0.0';
    if (route.method === 'POST') Object.assign(headers, { 'upload-length': '0', 'upload-metadata': 'filename YQ==' });
    if (route.method === 'PATCH') headers['upload-offset'] = '0';
  }
  if (route.media) {
    headers['content-type'] = route.media;
    if (/json/.test(route.media)) body = JSON.stringify(body ?? valueFor(api, route.schema, of));
    else if (/form/.test(route.media)) body = `grant_type=client_credentials&client_id=${of('services/{id}')}&client_secret=x`;
    else body = '';
  }
  if (body !== undefined) headers['content-length'] = Buffer.byteLength(body);
  return { method: route.method, path, headers, body };
}

/** Do all of these, so many at once. */
export async function inParallel(jobs, width = 8) {
  const left = [...jobs];
  await Promise.all(Array.from({ length: width }, async () => {
    for (let job = left.shift(); job; job = left.shift()) await job();
  }));
}

/** An answer without what may differ between two askings of the same. */
export function bare(answer, replace) {
  const headers = Object.entries(answer.headers)
    .filter(([k]) => !/^(date|connection|keep-alive)$/.test(k)).sort();
  let text = JSON.stringify([answer.status, headers, answer.body.toString('latin1')]);
  for (const [from, to] of replace) text = text.replaceAll(from, to);
  return text;
}

/**
 * How well two samples can be told apart by their size: the chance that one of
 * the first is larger than one of the second (0.5: not at all).
 */
export function toldApart(a, b) {
  let wins = 0;
  for (const x of a) for (const y of b) wins += x > y ? 1 : x === y ? 0.5 : 0;
  return wins / (a.length * b.length);
}
