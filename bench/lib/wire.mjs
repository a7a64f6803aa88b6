// A client as thin as can be: one TLS connection, one request after the other,
// and the moment at which the first byte of an answer's body came.
import tls from 'node:tls';

const now = () => Number(process.hrtime.bigint()) / 1e6;

export class Wire {
  /** Connects; `opened` is the milliseconds that took. */
  static async open(port, ca) {
    const wire = new Wire();
    const began = now();
    wire.socket = tls.connect({ host: '127.0.0.1', port, ca, servername: '' });
    await new Promise((ok, no) => {
      wire.socket.once('secureConnect', ok);
      wire.socket.once('error', no);
    });
    wire.opened = now() - began;
    wire.socket.setNoDelay(true);
    return wire;
  }

  close() {
    this.socket.destroy();
  }

  /** {status, body, first (ms until the body's first byte), whole (ms)}. */
  get(path, headers) {
    const lines = Object.entries({ host: '127.0.0.1', ...headers }).map(([k, v]) => `${k}: ${v}\r\n`).join('');
    const { socket } = this;
    const began = now();
    return new Promise((ok, no) => {
      let head = '';
      let answer;
      let got = 0;
      const end = (act, value) => {
        socket.removeAllListeners('data').removeAllListeners('error').removeAllListeners('close');
        act(value);
      };
      const take = (bytes) => {
        if (got === 0 && bytes.length > 0) answer.first = now() - began;
        got += bytes.copy(answer.body, got);
        if (got < answer.body.length) return;
        answer.whole = now() - began;
        end(ok, answer);
      };
      socket.on('data', (bytes) => {
        if (answer) return take(bytes);
        head += bytes.toString('latin1');
        const at = head.indexOf('\r\n\r\n');
        if (at < 0) return undefined;
        const length = /^content-length: (\d+)/mi.exec(head);
        answer = { status: Number(head.slice(9, 12)), body: Buffer.allocUnsafe(Number(length?.[1] ?? 0)) };
        return take(bytes.subarray(bytes.length - (head.length - at - 4)));
      });
      socket.on('error', (e) => end(no, e));
      socket.on('close', () => end(no, new Error(`closed within ${path}`)));
      socket.write(`GET ${path} HTTP/1.1\r\n${lines}\r\n`);
    });
  }
}
