// What the figures were measured on.
import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import os from 'node:os';

function first(file, args) {
  try {
    return execFileSync(file, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).split('\n')[0].trim();
  } catch {
    return '';
  }
}

/** One paragraph. */
export function machine(folder) {
  const cpu = os.cpus()[0].model.trim();
  const release = /PRETTY_NAME="(.*)"/.exec(readFileSync('/etc/os-release', 'utf8'))?.[1];
  const disk = first('df', ['--output=fstype', folder]) && execFileSync('df', ['--output=fstype', folder], { encoding: 'utf8' }).trim().split('\n')[1];
  statSync(folder);
  return `${os.cpus().length} cores (${cpu}), ${Math.round(os.totalmem() / 2 ** 30)} GiB of memory, ` +
    `${release}, kernel ${os.release()}, files on ${disk}; ${new Date().toISOString().slice(0, 10)}.`;
}
