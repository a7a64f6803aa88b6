// @tus/server over TLS, as its documentation starts it: a peer of
// `./dev bench ingest`.
//
//   node tus_server.mjs PORT FOLDER CERT KEY
import { readFileSync } from 'node:fs';
import https from 'node:https';
import { FileStore } from '@tus/file-store';
import { Server } from '@tus/server';

const [port, directory, cert, key] = process.argv.slice(2);
const tus = new Server({ path: '/files', datastore: new FileStore({ directory }) });

https.createServer({ cert: readFileSync(cert), key: readFileSync(key) }, tus.handle.bind(tus))
  .listen(Number(port), '127.0.0.1', () => console.log('ready'));
