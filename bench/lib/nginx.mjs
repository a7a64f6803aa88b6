// nginx over TLS 1.3, as a peer: files of one folder, GET with ranges and PUT.
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

export async function freePort() {
  const s = createServer();
  await new Promise((ok) => s.listen(0, '127.0.0.1', ok));
  const { port } = s.address();
  await new Promise((ok) => s.close(ok));
  return port;
}

/** A certificate for 127.0.0.1 that signs itself: {cert, key}, as paths. */
export function certificate(base) {
  const pair = { cert: join(base, 'cert.pem'), key: join(base, 'key.pem') };
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
    '-keyout', pair.key, '-out', pair.cert, '-subj', '/CN=bench', '-days', '2', '-addext', 'subjectAltName=IP:127.0.0.1'],
  { stdio: 'ignore' });
  return pair;
}

const conf = (dir, port, { cert, key }) => `
daemon off;
worker_processes auto;
pid ${dir}/pid;
error_log ${dir}/logs/error.log;
${process.getuid() === 0 ? 'user root;' : ''}
events { worker_connections 1024; }
http {
  access_log off;
  sendfile on;
  client_body_temp_path ${dir}/temp;
  proxy_temp_path ${dir}/temp; fastcgi_temp_path ${dir}/temp;
  uwsgi_temp_path ${dir}/temp; scgi_temp_path ${dir}/temp;
  client_max_body_size 0;
  client_body_buffer_size 1m;
  keepalive_requests 1000000;
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate ${cert};
    ssl_certificate_key ${key};
    ssl_protocols TLSv1.2 TLSv1.3;
    root ${dir}/files;
    dav_methods PUT;
    create_full_put_path on;
  }
}
`;

/** Started in `dir` (made): {pid, port, url, files (its folder), stop()}. */
export async function startNginx(dir, pair) {
  const port = await freePort();
  for (const d of ['', 'files', 'temp', 'logs']) mkdirSync(join(dir, d), { recursive: true });
  writeFileSync(join(dir, 'nginx.conf'), conf(dir, port, pair));
  const child = spawn('/usr/sbin/nginx', ['-p', dir, '-c', join(dir, 'nginx.conf')], { stdio: 'ignore' });
  const url = `https://127.0.0.1:${port}`;
  for (let i = 0; ; i++) {
    try {
      execFileSync('curl', ['-s', '--cacert', pair.cert, '-o', '/dev/null', `${url}/`]);
      break;
    } catch (e) {
      if (i > 100) throw e;
      await new Promise((ok) => setTimeout(ok, 50));
    }
  }
  const over = new Promise((ok) => child.on('exit', ok));
  return { pid: child.pid, port, url, files: join(dir, 'files'), stop: () => { child.kill('SIGTERM'); return over; } };
}
