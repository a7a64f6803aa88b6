// Processes that a bench starts and ends.
import { spawn } from 'node:child_process';

/**
 * Start a program and wait until what it says matches `ready`; it is noted in
 * `running`, for whoever ends all of them.
 */
export function start(running, file, args, ready) {
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  running.push(child);
  let said = '';
  return new Promise((ok, no) => {
    const hear = (d) => {
      said += d;
      if (ready.test(said)) ok(child);
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.on('exit', (code) => no(new Error(`${file} ended (${code}): ${said.slice(-2000)}`)));
  });
}

/** End it in order, and wait until it is gone. */
export function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  const gone = new Promise((ok) => child.on('exit', ok));
  child.kill('SIGTERM');
  return gone;
}
