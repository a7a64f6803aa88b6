// Clients that do what no library would: bytes at will over TLS, and a wire
// that is cut.
import net from 'node:net';
import tls from 'node:tls';

/** A TLS connection to the site that sends exactly what it is told. */
export class Raw {
  static async open(site, options = {}) {
    const raw = new Raw();
    raw.received = '';
    raw.closed = false;
    raw.socket = tls.connect({ host: '127.0.0.1', port: site.port, ca: site.ca, ...options });
    raw.socket.on('data', (d) => { raw.received += d.toString('latin1'); });
    raw.over = new Promise((ok) => raw.socket.on('close', () => { raw.closed = true; ok(); }));
    raw.socket.on('error', () => {});
    await new Promise((ok, no) => {
      raw.socket.once('secureConnect', ok);
      raw.socket.once('error', no);
    });
    raw.socket.setNoDelay(true);
    return raw;
  }

  send(bytes) {
    return new Promise((ok) => {
      if (this.closed || this.socket.destroyed) ok();
      else this.socket.write(bytes, () => ok());
    });
  }

  /** The status of the first whole answer, or 0 when the wire closed first. */
  async status(seconds = 20) {
    const end = Date.now() + seconds * 1000;
    for (;;) {
      const m = /^HTTP\/1\.1 (\d{3})[^\r]*\r\n([\s\S]*?)\r\n\r\n/.exec(this.received);
      if (m && m[1] !== '100') return Number(m[1]);
      if (m) this.received = this.received.slice(m[0].length);
      else if (this.closed) return 0;
      if (Date.now() > end) throw new Error(`no answer in ${seconds} s: ${JSON.stringify(this.received)}`);
      await new Promise((ok) => setTimeout(ok, 10));
    }
  }

  end() {
    this.socket.destroy();
  }
}

/**
 * A wire to the site that is cut, without goodbye, after a number of bytes
 * has gone up: `plan()` gives that number for each connection, Infinity for
 * never.  {url, cuts, close()}.
 */
export async function cuttingProxy(site, plan) {
  const sockets = new Set();
  const proxy = { cuts: 0 };
  const server = net.createServer((client) => {
    const up = net.connect(site.port, '127.0.0.1');
    let left = plan();
    const cut = () => {
      client.resetAndDestroy?.();
      client.destroy();
      up.destroy();
    };
    for (const s of [client, up]) {
      sockets.add(s);
      s.on('error', cut);
      s.on('close', () => { sockets.delete(s); cut(); });
    }
    up.on('data', (d) => client.write(d));
    client.on('data', (d) => {
      if (d.length < left) {
        left -= d.length;
        if (!up.write(d)) {
          client.pause();
          up.once('drain', () => client.resume());
        }
        return;
      }
      proxy.cuts++;
      up.write(d.subarray(0, left), () => setImmediate(cut));
      left = Infinity;
      client.pause();
    });
  });
  await new Promise((ok) => server.listen(0, '127.0.0.1', ok));
  proxy.port = server.address().port;
  proxy.url = `https://127.0.0.1:${proxy.port}`;
  proxy.close = () => new Promise((ok) => {
    for (const s of sockets) s.destroy();
    server.close(ok);
  });
  return proxy;
}
