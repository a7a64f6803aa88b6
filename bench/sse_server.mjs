// A plain server of server-sent events on node's HTTPS, for `bench idle`:
//
//   node sse_server.mjs PORT CERT KEY
//
// GET is a stream; POST tells all of them one event.
import { readFileSync } from 'node:fs';
import https from 'node:https';

const [port, cert, key] = process.argv.slice(2);
const streams = new Set();
const server = https.createServer({ cert: readFileSync(cert), key: readFileSync(key) }, (req, res) => {
  if (req.method === 'POST') {
    const text = `event: told\ndata: {"time":"${new Date().toISOString().replace('Z', '000Z')}"}\n\n`;
    for (const s of streams) s.write(text);
    res.end();
    return;
  }
  res.writeHead(200, { 'content-type': 'text/event-stream' });
  res.write('retry: 3000\n\n');
  streams.add(res);
  res.on('close', () => streams.delete(res));
});
server.requestTimeout = server.headersTimeout = server.keepAliveTimeout = 0;
server.listen(Number(port), '127.0.0.1', 1024, () => console.log('ready'));
